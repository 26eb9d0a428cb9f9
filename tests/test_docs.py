"""What README and documentation tell a reader to run is run: here, when the site is built, or (``make``) by ``.ci/run``."""

import json
import re
import shlex
from pathlib import Path

import pytest

from plurel_prob import get_prior
from plurel_prob.cli.app import app
from plurel_prob.cli.run import run as run_here
from tests.docs import COMMANDS, HAS_RFM, PAGES, ROOT, run, shortened, write_rel_f1
from tests.models.tiny import COMPACT, PLUREL

FEWER = {  # console commands on a small shop in place of rel-f1, whose tasks have other names
    "stanford-star/relbench-v1/rel-f1": "rel-f1",
    "driver-dnf": "buys",
    "predict ": "predict --members trees --no-baselines ",
    "evaluate rel-f1": "evaluate rel-f1 --task buys --method mean history",
}
TRAINING = ("pretrain", "--checkpoint", "--count 64")  # of networks: slow
ELSEWHERE = (
    "ray start",
    "export ",
    "s3://",
    "postgresql://",
    "git clone",
    "cd ",
    ". .venv",
    "make ",
    "mine.toml",
    "table_8.",
)  # or what is not here


def on_tiny_priors(lines):
    """Commands that draw, from the priors whose programs other tests compile; slow ones, from those that pages name."""
    drawing = [line if "--prior " in line or not line.startswith("sample ") else f"{line} --prior {PLUREL}" for line in lines]
    return [line.replace("--prior compact", f"--prior {COMPACT}") for line in drawing]


def consoles(page):
    """Commands of a page's transcripts that are run here."""
    lines = [line.removeprefix("$ ") for line in page.text("console").splitlines()]
    return [line for line in lines if not any(word in line for word in (*ELSEWHERE, *TRAINING))]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_run(page, tmp_path, monkeypatch, corpus):
    monkeypatch.chdir(tmp_path)
    page.write_files(tmp_path)
    corpus(tmp_path / "out")
    lines = []
    for line in page.text("sh").splitlines():
        command = shlex.split(line, comments=True)
        if command and command[0] == "make":
            assert f"make {command[1]}" in (ROOT / ".ci" / "run").read_text()
        elif command:
            assert command[0] in (".venv/bin/plurel-prob", "plurel-prob")
            lines.append(" ".join(command[1:]))
    for line in on_tiny_priors(lines):
        assert run_here(line.split()) == 0, line


@pytest.mark.skipif(not HAS_RFM, reason="the extra rfm is not installed")
def test_predictions_run(tmp_path, monkeypatch):
    """Those of all pages, each once."""
    monkeypatch.chdir(tmp_path)
    write_rel_f1(tmp_path)
    schemas = next(page for page in PAGES if page.name == "docs/how_to/schemas.md")
    schemas.write_files(tmp_path)
    assert (
        run_here(shlex.split("sample --schema shop.sql --rows customer=300 --format sqlite --out out --prior") + [str(COMPACT)])
        == 0
    )
    lines = dict.fromkeys(line.rpartition("plurel-prob ")[2] for page in PAGES for line in consoles(page))
    lines = [line for line in lines if line.startswith(("predict", "evaluate"))]
    assert len(lines) >= 4
    for line in shortened(lines, FEWER):
        assert run_here(line.split()) == 0, line
    assert "prediction" in (tmp_path / "dnf.csv").read_text() and "quantile_0.5" in (tmp_path / "credit.csv").read_text()
    assert {"rolling", "frozen"} == {record["regime"] for record in json.loads((tmp_path / "figures.json").read_text())}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_run_as_they_are(page, tmp_path):
    page.write_files(tmp_path)
    lines = [line.removeprefix(".venv/bin/").removeprefix("plurel-prob ") for line in page.text("sh").splitlines()]
    lines = [" ".join(shlex.split(line, comments=True)) for line in lines if not line.startswith("make")]
    run(COMMANDS, "\n".join(["sample --seed 10 --count 2 --out out", *lines]), tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not HAS_RFM, reason="the extra rfm is not installed")
def test_networks_train(tmp_path):
    """The commands that train, on fewer and smaller databases and for fewer steps."""
    write_rel_f1(tmp_path)
    [page] = [page for page in PAGES if page.name == "docs/how_to/train.md"]
    lines = [line.removeprefix("$ plurel-prob ") for line in page.text("console").splitlines()]
    fewer = {
        "--task driver-dnf": "--task buys",
        "--count 64": "--count 2",
        "--steps 500": "--steps 2",
        "pretrain --out": "pretrain --data rel-f1 --steps 2 --size small --batch-size 2 --rows 100 --features 8 --out",
        "evaluate rel-f1": "evaluate rel-f1 --task buys --max-rows 20",
    }
    shown = run(COMMANDS, "\n".join(shortened(lines, fewer)), tmp_path)
    assert "Averaged: network" in shown and "cells" in shown and "buys" in shown


def test_prior_files_are_valid(tmp_path):
    [page] = [page for page in PAGES if page.name == "docs/how_to/priors.md"]
    page.write_files(tmp_path)
    assert get_prior(tmp_path / "mine.toml").schema.n_table.high == 6


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", page.content):
        assert (page.path.parent / target).exists(), target


def examples_of(command):
    """The commands in the help of one."""
    lines = (command.default_command.__doc__ or "").partition("Args:")[0].splitlines()
    return [line.strip() for line in lines if line.strip().startswith("plurel-prob ")]


def commands(of):
    for name in of:
        if not name.startswith("-"):
            yield from commands(of[name]) if of[name].default_command is None else [(name, of[name])]


def test_every_command_has_an_example_with_options_that_it_knows():
    for name, command in commands(app):
        examples = examples_of(command)
        assert examples, name
        for line in examples:
            app.parse_args(shlex.split(line)[1:], exit_on_error=False, print_error=False)


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().split()) <= 600


def test_pages_name_no_page_that_is_not_listed():
    listed = {Path(page.name).relative_to("docs").with_suffix("").as_posix() for page in PAGES if page.name.startswith("docs/")}
    index = (ROOT / "docs" / "index.md").read_text()
    assert listed - {"index"} <= set(index.split())
