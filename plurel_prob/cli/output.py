"""What commands write: files, complete or not at all; and lines on a terminal, as they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from plurel_prob.errors import DatabaseError, printable, reason
from plurel_prob.files import whole_file


class PlainConsole(Console):
    """A terminal on which text is what it is: names and values have no markup, and no control characters.

    That goes for strings, those in tables too. What is to be bold is a :func:`plain` text.
    """

    def __init__(self, *, stderr: bool = False, soft_wrap: bool = False):
        super().__init__(stderr=stderr, soft_wrap=soft_wrap, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Text of a string."""
        return super().render_str(printable(text), **options)

    def on_broken_pipe(self) -> None:
        """Go the way of all other errors."""
        raise

    def status(self, status: Any, **options: Any) -> Any:
        """A line that shows that something goes on."""
        return super().status(plain(status), **options)


def plain(text: str, style: str = "") -> Text:
    """Text as it is, without control characters."""
    return Text(printable(text), style)


def check_out(out: Path | None) -> None:
    """Fail before anything is computed where the folder of the output is missing or the output is a folder."""
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        problem = "is a folder" if out.is_dir() else f"there is no folder {out.parent}"
        raise DatabaseError(f"--out {out}: {problem}; give the path of a file in a folder that exists")


def write_whole(out: Path, write: Callable[[Path], object]) -> None:
    """Write a file under another name until it is complete; one that exists is replaced.

    Raises:
        DatabaseError: it cannot be written.
    """
    try:
        with whole_file(out) as partial:
            write(partial)
    except OSError as error:
        raise DatabaseError(f"--out {out}: cannot write there: {reason(error)}") from None
