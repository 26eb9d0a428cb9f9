"""Everything that the README tells a reader to run is run: here, or (``make``) by ``.ci/run``."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from plurel_prob import get_prior
from tests.test_sampling import ENV, ROOT

README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_commands_and_examples_run(tmp_path):
    for line in "".join(blocks("sh")).splitlines():
        command = shlex.split(line, comments=True)
        if not command:
            continue
        if command[0] == "make":
            assert f"make {command[1]}" in (ROOT / ".ci" / "run").read_text()
            continue
        assert command[0] == ".venv/bin/plurel-prob"
        done = subprocess.run(
            [sys.executable, "-m", "plurel_prob", *command[1:]], capture_output=True, text=True, cwd=tmp_path, env=ENV
        )
        assert done.returncode == 0, done.stderr
    for example in blocks("python"):
        done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, cwd=tmp_path, env=ENV)
        assert done.returncode == 0, done.stderr
        assert done.stdout


def test_the_prior_file_is_valid(tmp_path):
    [text] = blocks("toml")
    path = tmp_path / "mine.toml"
    path.write_text(text)
    assert get_prior(path).schema.n_table.high == 6


def test_pictures_exist():
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert Path(ROOT / path).exists()
