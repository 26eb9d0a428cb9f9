"""Pages of the documentation, and what tests run of them."""

import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.test_sampling import ENV, ROOT

HAS_RFM = all(find_spec(name) for name in ("equinox", "lightgbm", "numba"))
BUILT = ("build", "gallery")

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


@dataclass(frozen=True)
class Page:
    """A page in Markdown."""

    path: Path

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Path from the root."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def content(self) -> str:
        """Text of the file."""
        return self.path.read_text(encoding="utf-8")

    def blocks(self, language: str) -> list[str]:
        """Blocks of code of a language."""
        return re.findall(rf"^```{language}\n(.*?)^```", self.content, re.DOTALL | re.MULTILINE)

    def text(self, language: str) -> str:
        """All blocks of a language."""
        return "".join(self.blocks(language))

    def write_files(self, folder: Path) -> None:
        """Write the files that the page tells its reader to save."""
        for name, text in re.findall(r"Save this as `([\w.]+)`:\n\n```\w+\n(.*?)```", self.content, re.DOTALL):
            (folder / name).write_text(text, encoding="utf-8")


PAGES = [Page(ROOT / "README.md")] + [
    Page(path) for path in sorted((ROOT / "docs").rglob("*.md")) if path.relative_to(ROOT / "docs").parts[0] not in BUILT
]


def run(script: str, text: str, folder: Path) -> str:
    """Run a script in a process of its own; return what it printed."""
    done = subprocess.run([sys.executable, "-c", script], input=text, capture_output=True, text=True, cwd=folder, env=ENV)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_rel_f1(folder: Path) -> None:
    """A small shop in place of rel-f1; its tasks have other names."""
    from tests.rfm.rows.features.shop import shop

    shop(folder / "rel-f1")


def shortened(lines: list[str], fewer: dict[str, str]) -> list[str]:
    """Commands on the tasks of the shop, with options that are replaced or, for a command, added."""
    text = "".join(f"{line} \n" for line in lines)
    for ours, theirs in fewer.items():
        assert ours in text, ours
        text = text.replace(ours, theirs)
    return text.splitlines()
