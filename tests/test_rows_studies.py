"""Parts of the studies of networks of rows work; what they find is not tested."""

import json
import sys

import numpy as np
import pytest

from experiments import rows
from experiments.continued_pretraining import rows as continued
from experiments.continued_pretraining import rows_table as continued_table
from experiments.generalisation import rows as generalisation
from experiments.generalisation import rows_table as generalisation_table
from experiments.peer_corpus import rows_table as peer_table
from experiments.scaling_laws import rows as scaling
from experiments.scaling_laws.laws import runs_of
from experiments.scaling_laws.table import losses
from plurel_prob.rfm.rows.network import SIZES, RowNetworkSize
from plurel_prob.rfm.rows.training import Recipe
from tests.rfm.rows.features.shop import shop as write_shop
from tests.rfm.rows.training.shops import Shops

SMALL = Recipe(n_row=100, n_feature=8, relabelled=0.0, classes=0.0, tasks_per_database=4)


@pytest.fixture
def shops(monkeypatch):
    """Shops in place of drawn databases, few of them, and a small network."""
    monkeypatch.setitem(SIZES, "small", RowNetworkSize(1, 16, 1, 32, feature=8, n_pool=4))
    monkeypatch.setattr(rows, "Fresh", lambda priors, first_seed: Shops())
    for name, value in {"N_TASK": 3, "N_HELD_OUT": 2, "N_VALIDATION": 16}.items():
        monkeypatch.setattr(rows, name, value)


def run(module, *options: object) -> None:
    """Call a study's command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [module.__name__, *map(str, options)])
        module.main()


def read(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path, lines: list[dict]) -> str:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return str(path)


def test_tasks_of_a_database_are_made_once_and_read_as_they_were(tmp_path, monkeypatch):
    pool = rows.Pool(Shops(), tmp_path / "pool", n_task=3)
    made = pool.tasks(1)
    assert 0 < len(made) <= 3 and all(len(task.y) <= rows.N_ROW and task.x.shape[1] <= rows.N_FEATURE for task in made)
    monkeypatch.setattr(rows.Pool, "_made", lambda pool, i: pytest.fail("made again"))
    for one, other in zip(made, pool.tasks(1), strict=True):
        assert (one.source, one.kind, one.n_before) == (other.source, other.kind, other.n_before)
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_array_equal(one.y, other.y)


def test_runs_see_the_first_databases_of_a_pool_pass_after_pass(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(rows.Pool, "tasks", lambda pool, i: [i])
    data = rows.data_of(rows.Pool(Shops(), tmp_path), 5)
    seen = [data._make(7, i)[0] for i in range(15)]
    assert seen[:5] == [*range(5)] and sorted(seen[5:10]) == sorted(seen[10:]) == [*range(5)] and seen[5:10] != seen[10:]
    assert "5 of shops" in data.description


def test_of_numbers_of_databases_that_no_run_gets_to_the_grid_has_the_least():
    parser_like = type("Args", (), {"priors": ["compact"], "sizes": ["base", "small"], "seeds": [0, 1]})
    parser_like.databases, parser_like.steps = [1, 64, 256, 1024], [16, 256]
    points = scaling.grid(parser_like)
    assert scaling.n_taken(16) == 28 and scaling.n_taken(256) == 220
    found = {n_step: sorted({point.n_database for point in points if point.n_step == n_step}) for n_step in (16, 256)}
    assert found == {16: [1, 64], 256: [1, 64, 256]} and len(points) == len(set(points)) == 2 * 2 * 5
    assert [point.size for point in points] == ["small"] * 10 + ["base"] * 10
    assert points[0].name == "compact-small-1-16-0"


@pytest.mark.slow
def test_networks_are_trained_on_a_grid_and_asked_about_real_tasks(shops, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(rows, "RECIPE", SMALL)
    places = ["--pools", tmp_path / "pools", "--runs", tmp_path / "runs", "--out", tmp_path / "x", "--priors", "compact"]
    run(rows, "--pools", tmp_path / "pools", "--priors", "compact", "--count", 2)
    assert len([*(tmp_path / "pools" / "compact-2000000").iterdir()]) == 2
    for steps in ([1], [1, 2]):
        run(scaling, *places, "--databases", 1, 2, "--steps", *steps)
    lines = read(tmp_path / "x")
    assert [(line["n_database"], line["n_step"]) for line in lines] == [(1, 1), (2, 1), (1, 2), (2, 2)]
    assert all(np.isfinite(line["losses"]["compact"]["validation_loss"]) for line in lines)
    assert lines[0]["losses"]["compact"]["untrained_loss"] == lines[3]["losses"]["compact"]["untrained_loss"]
    shop = write_shop(tmp_path / "shop")
    for _ in range(2):  # the second time nothing is left to do
        run(generalisation, "--runs", tmp_path / "runs", "--data", shop, "--out", tmp_path / "real", "--n-row", 30)
    real = read(tmp_path / "real")
    assert len(real) == len({tuple(line[key] for key in generalisation.KEYS) for line in real})
    assert {line["run"] for line in real} == {"untrained", *(f"compact-small-{n}-{s}-0" for n in (1, 2) for s in (1, 2))}
    capsys.readouterr()
    generalisation_table.main(str(tmp_path / "real"), str(tmp_path / "x"))
    assert "| rolling | compact | 2 | 1 |" in capsys.readouterr().out


@pytest.mark.slow
def test_arms_take_as_many_steps_and_what_is_left_out_is_not_trained_on(shops, tmp_path):
    data = [write_shop(tmp_path / name) for name in ("a", "b", "c")]
    run(continued, "--data", *data, "--same", "b", "c", "--pools", tmp_path / "pools", "--runs", tmp_path / "runs", "--out",
        tmp_path / "x", "--n-database", 2, "--n-seed", 1, "--steps", 2)  # fmt: skip
    lines = read(tmp_path / "x")
    assert [(line["left_out"], line["arm"]) for line in lines] == [(name, arm) for name in ("a", "b-c") for arm in continued.ARMS]
    assert {name.split("; ")[0] for name in lines[3]["figures"]} == {"b", "c"}
    settings = {path: json.loads((tmp_path / "runs" / path / "config.json").read_text()) for path in ("a/real-0", "b-c/both-0")}
    assert "b, c" in settings["a/real-0"]["data"] and settings["a/real-0"]["n_step"] == 2
    assert "1 of 1 databases: a" in settings["b-c/both-0"]["data"] and settings["b-c/both-0"]["n_step"] == 1


def test_tables_of_what_was_learnt_have_relative_losses_and_paired_differences(tmp_path, capsys):
    tasks = {"x": {"AUROC": 0.8, "log loss": 0.5}, "y": {"R2": 0.3, "NMAE": 0.5, "pinball": 0.2}}
    real = [
        {"run": name, "database": "a", "task": task, "regime": "rolling", "figures": figures | scaled}
        for name, factor in {"untrained": 1.0, "plurel-small-1-16-0": 0.9, "plurel-small-4-16-0": 0.8}.items()
        for task, figures in tasks.items()
        for scaled in [{key: factor * value for key, value in figures.items() if key in ("log loss", "pinball")}]
    ]
    place = {"prior": "plurel", "size": "small", "n_step": 16, "seed": 0, "n_row": 102_400}
    of_drawn = {1: 0.5, 4: 0.4}
    drawn = [
        place | {"n_database": n, "losses": {"plurel": {"validation_loss": loss, "untrained_loss": 0.6}}}
        for n, loss in of_drawn.items()
    ]
    generalisation_table.main(write(tmp_path / "real", real), write(tmp_path / "drawn", drawn))
    shown = capsys.readouterr().out
    assert "| rolling | all (2) | 1.00 |" in shown and "| rolling | plurel | 4 | 1 | -11.1 ± 0.0 % | - | 2 of 2 |" in shown
    assert "| 1 | -10.0 % |" in shown and "| 4 | -20.0 % |" in shown and "| 1 | 0.800 |" in shown
    lines = runs_of(tmp_path / "drawn")["plurel, small"]
    assert lines[0]["baseline"] == 0.6 and losses(lines) == [["N", "0.102 M"], ["1", ".5000"], ["4", ".4000"]]


def test_tables_of_arms_and_of_corpora(tmp_path, capsys):
    figures = {"AUROC": 0.7, "R2": 0.2, "NMAE": 0.5}
    score = {"real": 0.5, "drawn": 0.4, "both": 0.3}
    arms = [
        {"left_out": "a", "arm": arm, "seed": seed, "figures": {f"a; {task}; rolling": figures | {"log loss": loss}}}
        for arm, loss in score.items()
        for seed in range(2)
        for task in "xy"
    ]
    baseline = {"database": "a", "task": "x", "regime": "rolling", "method": "ridge", "seed": 0}
    of_real = write(tmp_path / "base", [baseline | {"figures": {"AUROC": 0.9, "log loss": 0.2}}])
    continued_table.main(write(tmp_path / "arms", arms), of_real)
    shown = capsys.readouterr().out
    assert "| a, x | 0.700 | 0.700 | 0.700 | 0.900 |" in shown
    assert "| rolling | both less real | log loss or pinball, relative | -0.4000 ± 0.0000 |" in shown
    held = {"peer": {"validation_loss": 0.5, "untrained_loss": 0.6}}
    drawn = [{"corpus": corpus, "seed": seed, "losses": held} for corpus in ("plurel", "peer") for seed in range(2)]
    tasks = [
        {"run": f"{corpus}-{seed}", "database": "a", "task": task, "regime": "rolling", "figures": figures | {"log loss": loss}}
        for corpus, loss in (("plurel", 0.5), ("peer", 0.4))
        for seed in range(2)
        for task in "xy"
    ]
    peer_table.main(write(tmp_path / "drawn", drawn), write(tmp_path / "tasks", tasks))
    shown = capsys.readouterr().out
    assert "| plurel | 0.5000 (0.0000) |" in shown and "| untrained | 0.6000 |" in shown
    assert "| rolling | plurel less peer | log loss or pinball, relative | +0.2500 ± 0.0000 |" in shown
