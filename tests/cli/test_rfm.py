import json
import shutil
from dataclasses import replace
from itertools import product

import pytest

from plurel_prob.cli import main
from plurel_prob.rfm.cells.network import SIZES
from plurel_prob.tasks import add_tasks
from tests.rfm.cells.training.databases import write_database


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = write_database(tmp_path_factory.mktemp("data") / "shop", n_child=400)
    add_tasks(folder, "forecast")
    return folder


def run(*arguments):
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as end:
        return end.code or 0
    return 0


@pytest.fixture(scope="module", autouse=True)
def one_block():
    """The size that a network has without --size, but for its blocks, which are compiled one by one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "tiny", replace(SIZES["tiny"], n_block=1))
        yield


@pytest.fixture(scope="module")
def trained(shop, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    small = ("--batch-size", 8, "--context-length", 32, "--log-every", 1)
    held_out = write_database(out.parent / "other", seed=1)
    assert (
        run("pretrain", "--network", "cells", "--data", shop, "--out", out, "--steps", 3, *small, "--validation", held_out) == 0
    )
    return out


def test_a_run_logs_losses(trained):
    lines = [json.loads(line) for line in (trained / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3]
    assert lines[-1]["validation_loss"] > 0 and lines[-1]["validation_baseline"] > 0


def evaluated(path, *line):
    assert run("evaluate", *line, "--out", path) == 0
    return json.loads(path.read_text())


def test_evaluate_has_all_methods(shop, trained, tmp_path, capsys):
    task = sorted(path.name for path in (shop / "tasks").iterdir())[0]
    found = evaluated(tmp_path / "all.json", shop, "--checkpoint", trained, "--task", task, "--max-rows", 15)
    methods = {"mean", "history", "ridge", "lightgbm", "lightgbm_context", "rows", "rows_network", "rows_untrained", "cells"}
    assert {(row["task"], row["split"], row["regime"]) for row in found} == {(task, "test", "rolling")}
    assert {row["method"] for row in found} == methods and methods <= set(capsys.readouterr().out.split())


def test_evaluate_prints_tables_and_writes_a_list(shop, tmp_path, capsys):
    names = sorted(path.name for path in (shop / "tasks").iterdir())
    splits, regimes, methods = ("val", "test"), ("rolling", "frozen"), ("mean", "history", "ridge")
    options = ("--split", *splits, "--regime", *regimes, "--method", *methods, "--max-rows", 15)
    found = evaluated(tmp_path / "figures.json", shop, *options)
    shown = capsys.readouterr().out
    places = {(row["task"], row["split"], row["regime"], row["method"]) for row in found}
    assert places == set(product(names, splits, regimes, methods))
    for row in found:
        assert row["database"] == "shop" and 0 < row["n_row"] == min(15, row["n_of"]) and row["n_entity"] <= row["n_row"]
        assert (row["metric"] in ("AUROC", "log loss")) == (row["n_positive"] is not None)
        if row["method"] == "mean" and row["metric"] == "AUROC":
            assert row["value"] in (0.5, None)
    for words in (f"shop, {names[0]}, val, frozen: ", "drawn at random", "labels were known", "Means over tasks"):
        assert words in " ".join(shown.split())


def test_evaluate_prints_json(shop, capsys):
    name = sorted(path.name for path in (shop / "tasks").iterdir())[0]
    assert run("evaluate", shop, "--task", name, "--method", "mean", "history", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["method"] for row in found} == {"mean", "history"}
    assert {(row["task"], row["split"], row["regime"]) for row in found} == {(name, "test", "rolling")}
    assert all(row["low"] <= row["value"] <= row["high"] for row in found if row["metric"] == "NMAE")


def test_a_task_that_cannot_be_predicted_is_named_and_left_out(shop, tmp_path, capsys):
    other = shutil.copytree(shop, tmp_path / "shop")
    broken, *others = sorted(path.name for path in (other / "tasks").iterdir())
    (other / "tasks" / broken / "test.parquet").write_bytes(b"no table")
    assert run("evaluate", other, "--method", "mean", "--json") == 0
    told = capsys.readouterr()
    assert {row["task"] for row in json.loads(told.out)} == set(others)
    assert "left out" in told.err and broken in told.err
    assert run("evaluate", other, "--task", broken, "--method", "mean") == 2
    assert broken in capsys.readouterr().err


@pytest.mark.slow
def test_fine_tuning(shop, trained, capsys):
    task = sorted(path.name for path in (shop / "tasks").iterdir())[0]
    more = ("--task", task, "--fine-tune", 2, "--method", "cells_tuned")
    assert run("evaluate", shop, "--checkpoint", trained, *more) == 0
    assert "cells_tuned" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pretrain", "--network", "cells", "--data", "nowhere", "--out", "{out}"], ["nowhere", "no such folder"]),
        (["pretrain", "--network", "cells", "--data", "stream", "{shop}", "--out", "{out}"], ["--data", "not both"]),
        (["pretrain", "--network", "cells", "--data", "stream", "--task", "x", "--out", "{out}"], ["--task x", "one database"]),
        (["pretrain", "--network", "cells", "--data", "{shop}", "--task", "x", "--out", "{out}"], ["x", "manifest.yaml"]),
        (
            ["pretrain", "--network", "cells", "--data", "{shop}", "--task", "x", "--masked", "3", "--out", "{out}"],
            ["--masked 3", "one masked cell"],
        ),
        (["pretrain", "--network", "cells", "--data", "{shop}", "--context-length", "100", "--out", "{out}"], ["multiple of 32"]),
        (["pretrain", "--network", "cells", "--data", "{shop}", "--size", "huge", "--out", "{out}"], ["huge", "tiny"]),
        (["pretrain", "--network", "cells", "--data", "{shop}", "--out", "{shop}"], ["not empty"]),
        (
            ["pretrain", "--network", "cells", "--data", "{shop}", "--validation", "{shop}", "--out", "{out}"],
            ["--validation", "shop", "hold out"],
        ),
        (
            ["pretrain", "--network", "cells", "--data", "{shop}", "--text-encoder", "x", "--out", "{out}"],
            ["text encoder x", "hashed"],
        ),
        (
            ["evaluate", "{shop}", "--checkpoint", "{run}", "--context-length", "100", "--method", "cells"],
            ["multiple of 32"],
        ),
        (["pretrain", "--out", "{out}", "--task", "x"], ["--task", "--network cells"]),
        (["pretrain", "--network", "cells", "--out", "{out}", "--no-experts"], ["--experts", "--network rows"]),
        (["pretrain", "--out", "{out}", "--size", "tiny"], ["small, base, large", "tiny"]),
        (["pretrain", "--data", "nowhere", "--out", "{out}"], ["nowhere", "no such folder"]),
        (["pretrain", "--data", "{shop}", "--validation", "{shop}", "--out", "{out}"], ["--validation", "shop", "hold out"]),
        (["pretrain", "--out", "{out}", "--relabelled", "2"], ["relabelled", "from 0 to 1"]),
        (["evaluate", "{shop}", "--checkpoint", "{shop}"], ["config.json", "pretrain"]),
        (["evaluate", "{shop}", "--checkpoint", "{run}", "--text-encoder", "x"], ["text encoder hashed, not x"]),
        (["evaluate", "{shop}", "--checkpoint", "{run}", "--task", "x"], ["no task x", "parents-children"]),
        (["evaluate", "{shop}", "--method", "cells"], ["--method cells", "--checkpoint"]),
        (["evaluate", "{shop}", "--method", "x"], ["--method x", "lightgbm_context"]),
        (["evaluate", "nowhere", "--checkpoint", "{run}"], ["nowhere", "no such file or folder"]),
    ],
)
def test_bad_input(arguments, words, shop, trained, tmp_path, capsys):
    filled = [argument.format(shop=shop, run=trained, out=tmp_path / "out") for argument in arguments]
    assert run(*filled) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    for word in words:
        assert word in error
