"""What commands write: files, complete or not at all; lines and tables on a terminal, as they are; JSON."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from plurel_prob.errors import DatabaseError, printable, reason
from plurel_prob.files import whole_file

SWITCH = Parameter(negative="", show_default=False)  # an option that is given or not
AsJson = Annotated[bool, Parameter(name="--json"), SWITCH]  # print JSON rather than tables
Several = Parameter(consume_multiple=True, negative=())
WIDEST = 10_000  # characters


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


def counted(n: int, what: str) -> str:
    """A number of things, in words."""
    return f"{n:,} {what}{'s' * (n != 1)}"


def new_table(*text: str, numbers: tuple[str, ...] = (), title: str | None = None) -> Table:
    """Return an empty table with columns of text, the first with names, then of numbers: neither names nor numbers are cut."""
    result = Table(title=title, title_justify="left")
    for place, name in enumerate(text):
        result.add_column(name, no_wrap=not place, overflow="fold")
    for name in numbers:
        result.add_column(name, justify="right", no_wrap=True)
    return result


def print_table(table: Table) -> None:
    """Print a table as wide as the terminal, or as its numbers need; in its full width where nobody looks at it."""
    console = PlainConsole()
    wide = console.options.update(max_width=WIDEST)
    for column in table.columns:
        if column.no_wrap:  # measured by words otherwise
            column.min_width = max(Measurement.get(console, wide, cell).maximum for cell in (column.header, *column.cells))
    needed = Measurement.get(console, wide, table)
    console.width = max(console.width, needed.minimum if console.is_terminal else needed.maximum)
    console.print(table)


def print_json(content: Any) -> None:
    """Print a value as JSON: numbers of NumPy are numbers, what is not finite is null, all else is text."""
    print(json.dumps(_plain_value(content), indent=1, default=str))


def _plain_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain_value(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_value(part) for part in value]
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
