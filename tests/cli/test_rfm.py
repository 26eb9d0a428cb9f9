import json

import pytest

from plurel_prob.cli import main
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


@pytest.fixture(scope="module")
def trained(shop, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    small = ("--batch-size", 8, "--context-length", 32, "--log-every", 1)
    held_out = write_database(out.parent / "other", seed=1)
    assert run("pretrain", "--data", shop, "--out", out, "--steps", 3, *small, "--validation", held_out) == 0
    return out


def test_a_run_logs_losses(trained):
    lines = [json.loads(line) for line in (trained / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3]
    assert lines[-1]["validation_loss"] > 0 and lines[-1]["validation_baseline"] > 0


def test_evaluate_prints_and_writes_figures(shop, trained, tmp_path, capsys):
    names = sorted(path.name for path in (shop / "tasks").iterdir())
    assert run("evaluate", "--checkpoint", trained, "--data", shop, "--out", tmp_path / "figures.jsonl") == 0
    shown = capsys.readouterr().out
    found = [json.loads(line) for line in (tmp_path / "figures.jsonl").read_text().splitlines()]
    assert {row["task"] for row in found} == set(names) and {row["split"] for row in found} == {"val", "test"}
    assert {row["method"] for row in found} == {"mean", "history", "LightGBM", "zero-shot"}
    for row in found:
        assert set(row["figures"]) in ({"AUROC"}, {"NMAE", "R2"})
        if row["method"] == "mean" and "AUROC" in row["figures"]:
            assert row["figures"]["AUROC"] == 0.5
    assert "zero-shot" in shown and names[0][:10] in shown


@pytest.mark.slow
def test_fine_tuning(shop, trained, capsys):
    task = sorted(path.name for path in (shop / "tasks").iterdir())[0]
    more = ("--task", task, "--fine-tune", 2, "--no-baselines")
    assert run("evaluate", "--checkpoint", trained, "--data", shop, *more) == 0
    assert "fine-tuned" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pretrain", "--data", "nowhere", "--out", "{out}"], ["nowhere", "no such folder"]),
        (["pretrain", "--data", "stream", "{shop}", "--out", "{out}"], ["--data", "not both"]),
        (["pretrain", "--data", "stream", "--task", "x", "--out", "{out}"], ["--task x", "one database"]),
        (["pretrain", "--data", "{shop}", "--task", "x", "--out", "{out}"], ["x", "manifest.yaml"]),
        (["pretrain", "--data", "{shop}", "--task", "x", "--masked", "3", "--out", "{out}"], ["--masked 3", "one masked cell"]),
        (["pretrain", "--data", "{shop}", "--context-length", "100", "--out", "{out}"], ["multiple of 32"]),
        (["pretrain", "--data", "{shop}", "--size", "huge", "--out", "{out}"], ["huge", "tiny"]),
        (["pretrain", "--data", "{shop}", "--out", "{shop}"], ["not empty"]),
        (["pretrain", "--data", "{shop}", "--validation", "{shop}", "--out", "{out}"], ["--validation", "shop", "hold out"]),
        (["pretrain", "--data", "{shop}", "--text-encoder", "x", "--out", "{out}"], ["text encoder x", "hashed"]),
        (
            ["evaluate", "--checkpoint", "{run}", "--data", "{shop}", "--context-length", "100", "--no-baselines"],
            ["multiple of 32"],
        ),
        (["evaluate", "--checkpoint", "{shop}", "--data", "{shop}"], ["config.json", "pretrain"]),
        (["evaluate", "--checkpoint", "{run}", "--data", "{shop}", "--text-encoder", "x"], ["text encoder hashed, not x"]),
        (["evaluate", "--checkpoint", "{run}", "--data", "{shop}", "--task", "x"], ["no task x", "parents-children"]),
        (["evaluate", "--checkpoint", "{run}", "--data", "nowhere"], ["nowhere", "no such folder"]),
    ],
)
def test_bad_input(arguments, words, shop, trained, tmp_path, capsys):
    filled = [argument.format(shop=shop, run=trained, out=tmp_path / "out") for argument in arguments]
    assert run(*filled) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    for word in words:
        assert word in error
