"""Everything that the README tells a reader to run is run: here, or (``make``) by ``.ci/run``."""

import json
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from plurel_prob import get_prior
from plurel_prob.cli.run import run as run_here
from tests.models.tiny import COMPACT, PLUREL
from tests.test_sampling import ENV, ROOT

HAS_RFM = all(find_spec(name) for name in ("equinox", "lightgbm", "numba"))
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


# one process for all commands: starting takes longer than running
COMMANDS = """
import sys
from plurel_prob.cli import main
for line in sys.stdin.read().splitlines():
    try:
        main(line.split())
    except SystemExit as end:
        assert not end.code, (line, end.code)
"""


def run(script, text, folder):
    done = subprocess.run([sys.executable, "-c", script], input=text, capture_output=True, text=True, cwd=folder, env=ENV)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_schema(folder):
    [text] = blocks("sql")
    (folder / "shop.sql").write_text(text)


def of_predictions():
    """Commands of the section on predictions: those that are quick, and those that train a network or need a trained one."""
    section = README.split("## From nothing to a prediction\n")[1].split("\n## ")[0]
    lines = [line for block in re.findall(r"```console\n(.*?)```", section, re.DOTALL) for line in block.splitlines()]
    assert lines and all(line.startswith("$ .venv/bin/plurel-prob ") for line in lines)
    lines = [line.removeprefix("$ .venv/bin/plurel-prob ") for line in lines]
    first = next(place for place, line in enumerate(lines) if line.startswith("pretrain"))
    return lines[:first], lines[first:]


def write_rel_f1(folder):
    """A small shop in place of rel-f1; its tasks have other names."""
    from tests.rfm.rows.features.shop import shop

    shop(folder / "rel-f1")


def shortened(lines, fewer):
    """Commands on the tasks of the shop, with options that are replaced or, for a command, added."""
    text = "".join(f"{line} \n" for line in lines)
    for ours, theirs in fewer.items():
        assert ours in text, ours
        text = text.replace(ours, theirs)
    return text.splitlines()


def on_tiny_priors(lines):
    """Commands that draw, from the priors whose programs other tests compile; slow ones, from those that the README names."""
    drawing = [line if "--prior " in line or not line.startswith("sample ") else f"{line} --prior {PLUREL}" for line in lines]
    return [line.replace("--prior compact", f"--prior {COMPACT}") for line in drawing]


@pytest.mark.parametrize("is_quick", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_commands_run(tmp_path, monkeypatch, is_quick):
    lines = []
    for line in "".join(blocks("sh")).splitlines():
        command = shlex.split(line, comments=True)
        if not command:
            continue
        if command[0] == "make":
            assert f"make {command[1]}" in (ROOT / ".ci" / "run").read_text()
            continue
        assert command[0] == ".venv/bin/plurel-prob"
        lines.append(" ".join(command[1:]))
    assert len(lines) > 5
    write_schema(tmp_path)
    if HAS_RFM:
        write_rel_f1(tmp_path)
        fewer = {
            "--task driver-dnf": "--task buys",
            "predict ": "predict --members trees --no-baselines ",
            "evaluate ": "evaluate --task buys --method mean history --data ",
        }
        lines += shortened(of_predictions()[0], fewer)
    if is_quick:
        monkeypatch.chdir(tmp_path)
        for line in on_tiny_priors(lines):
            assert run_here(line.split()) == 0, line
    else:
        run(COMMANDS, "\n".join(lines), tmp_path)
    if HAS_RFM:
        assert "prediction" in (tmp_path / "dnf.csv").read_text() and "quantile_0.5" in (tmp_path / "credit.csv").read_text()
        assert {"rolling", "frozen"} == {record["regime"] for record in json.loads((tmp_path / "figures.json").read_text())}


@pytest.mark.slow
@pytest.mark.skipif(not HAS_RFM, reason="the extra rfm is not installed")
def test_from_nothing_to_a_prediction(tmp_path):
    """The commands of that section that train, on fewer and smaller databases and for fewer steps."""
    write_rel_f1(tmp_path)
    fewer = {
        "--task driver-dnf": "--task buys",
        "--count 64": "--count 2",
        "--steps 500": "--steps 2",
        "pretrain --out": "pretrain --data rel-f1 --steps 2 --size small --batch-size 2 --rows 100 --features 8 --out",
        "evaluate ": "evaluate --task buys --max-rows 20 --data ",
    }
    shown = run(COMMANDS, "\n".join(shortened(of_predictions()[1], fewer)), tmp_path)
    assert "Averaged: network" in shown and "cells" in shown and "buys" in shown


def test_the_prior_file_is_valid(tmp_path):
    [text] = blocks("toml")
    path = tmp_path / "mine.toml"
    path.write_text(text)
    assert get_prior(path).schema.n_table.high == 6


def test_pictures_exist():
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert Path(ROOT / path).exists()
