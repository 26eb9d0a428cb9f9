"""Everything that the README tells a reader to run is run: here, or (``make``) by ``.ci/run``."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from plurel_prob import get_prior
from tests.test_sampling import ENV, ROOT

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


def test_commands_run(tmp_path):
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
    run(COMMANDS, "\n".join(lines), tmp_path)


@pytest.mark.slow
def test_from_nothing_to_a_prediction(tmp_path):
    """The commands of that section, on fewer databases and for fewer steps."""
    if "PLUREL_PROB_DATA" not in os.environ:
        pytest.skip("PLUREL_PROB_DATA does not say where rel-f1 is")
    [block] = [block for block in blocks("console") if "pretrain" in block]
    lines = [
        line.removeprefix("$ .venv/bin/plurel-prob ")
        for line in block.splitlines()
        if line.startswith("$ .venv/bin/plurel-prob ")
    ]
    assert len(lines) == 3
    text = "\n".join(lines)
    fewer = {
        "--count 64": "--count 2",
        "--steps 500": "--steps 2",
        "--data rel-f1": f"--data {os.environ['PLUREL_PROB_DATA']}/rel-f1 --task driver-top3",
    }
    for ours, theirs in fewer.items():
        assert ours in text
        text = text.replace(ours, theirs)
    shown = run(COMMANDS, text, tmp_path)
    assert "driver-top3" in shown and "LightGBM" in shown


def test_the_prior_file_is_valid(tmp_path):
    [text] = blocks("toml")
    path = tmp_path / "mine.toml"
    path.write_text(text)
    assert get_prior(path).schema.n_table.high == 6


def test_pictures_exist():
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert Path(ROOT / path).exists()
