"""``plurel-prob do``."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from plurel_prob.cli.output import SWITCH, AsJson, PlainConsole, Several, new_table, print_json, print_table
from plurel_prob.errors import DatabaseError, shown

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from plurel_prob.databases import Database
else:
    Database = Table = Any  # imported where they are made: pandas is slow to import

GRAPH = "causal_graph.graphml"


def do(
    path: Path,
    /,
    *,
    out: Path,
    set: Annotated[list[str] | None, Several] = None,
    shift: Annotated[list[str] | None, Several] = None,
    overwrite: Annotated[bool, SWITCH] = False,
    as_json: AsJson = False,
) -> None:
    """Intervene on columns of a drawn database, and write what the database would be, with the true causal graph beside it.

    The noise stays the same, so that only what the columns cause changes, in other tables too. The folder that is written is a
    database like the one it comes from: `describe`, `show` and `validate` take it, and its plurel_prob.json names the columns
    that were set.

    For example:

        plurel-prob do out/plurel-10 --set table_8.feature_0=300 --out out/set
        plurel-prob do out/plurel-10 --shift table_18.feature_4=0.1 table_8.feature_0=5 --out out/shifted

    Args:
        path: folder of a drawn database with its latents, such as out/plurel-10.
        out: folder to write; causal_graph.graphml in it has the graph over the columns of all tables.
        set: TABLE.COLUMN=VALUE, once or more: each row gets the value, a number, true, false or a category.
        shift: TABLE.COLUMN=NUMBER, once or more: each row gets this much more than it had.
        overwrite: replace the folder, if this program wrote all that is in it.
        as_json: print JSON, and nothing else.
    """
    from plurel_prob.databases import load
    from plurel_prob.databases.disk import write
    from plurel_prob.files import check_apart, check_folder

    check_apart(path, out)
    check_folder(out, overwrite=overwrite)
    with PlainConsole(stderr=True).status("intervening"):
        before = load(path)
        after = before.do(requests(before, set or [], shift or []))
        write(after, out, overwrite=overwrite, also=[lambda folder: write_graph(before, folder)])
    changes = changes_of(before, after)
    if as_json:
        print_json({"out": str(out), "changed": changes})
        return
    print_table(changes_table(changes))
    PlainConsole().print(f"Written to {out}, with {GRAPH}. The database before: {path}", soft_wrap=True)


def requests(database: Database, values: list[str], shifts: list[str]) -> dict[str, Any]:
    """What is asked of each column, as :meth:`plurel_prob.Database.do` takes it.

    Raises:
        DatabaseError: there is nothing, a column is named twice, or a request is of another form.
    """
    if not values and not shifts:
        raise DatabaseError("--set, --shift: say which columns are changed, such as --set table_0.feature_1=0.5")
    result: dict[str, Any] = {}
    for option, texts in (("--set", values), ("--shift", shifts)):
        for text in texts:
            column, sign, value = text.partition("=")
            table, dot, name = column.partition(".")
            if not (sign and value and dot and name):
                raise DatabaseError(f"{option} {shown(text)}: needs TABLE.COLUMN=VALUE, such as table_0.feature_1=0.5")
            if column in result:
                raise DatabaseError(f"{option} {shown(text)}: {shown(column)} is there twice; name each column once")
            kind = kind_of(database, table, name)
            if kind == "key":
                raise DatabaseError(f"{option} {shown(text)}: is a key or a time; only features can be set")
            if option == "--shift" and kind not in ("numerical", None):
                raise DatabaseError(f"--shift {shown(text)}: the column has no numbers, but is {kind}; give --set")
            if kind == "numerical" and number_of(value) is None:
                raise DatabaseError(f"{option} {shown(text)}: {shown(value)!r} is no number")
            result[column] = shift_by(value) if option == "--shift" else value_of(kind, value)
    return result


def number_of(text: str) -> float | None:
    """The finite number that a text writes; None if it writes none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def kind_of(database: Database, table: str, column: str) -> str | None:
    """Kind of a column, ``key`` of one that is no feature; None if there is none."""
    schema = database.schema.tables.get(table)
    if schema is None:
        return None
    return "key" if column in schema.keys else schema.columns.get(column)


def shift_by(value: str) -> "Callable[[pd.Series], pd.Series]":
    """The function that adds a number to a column."""
    number = float(value)
    return lambda natural: natural + number


def value_of(kind: str | None, text: str) -> Any:
    """A value as a column of this kind has it; what it cannot be is told by the column later."""
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return float(text) if kind == "numerical" else text


def write_graph(database: Database, folder: Path) -> None:
    """Write the graph over columns, which networkx and Gephi read."""
    import networkx as nx

    nx.write_graphml(database.causal_graph(), folder / GRAPH)


def changes_of(before: Database, after: Database) -> list[dict[str, Any]]:
    """Columns that changed: in how many of their cells, and their means before and after (of booleans the shares of true)."""
    result = []
    for name, frame in before.tables.items():
        for column in frame:
            old, new = frame[column], after.tables[name][column]
            if not old.equals(new):
                share = float((old.ne(new) & ~(old.isna() & new.isna())).mean())
                result.append({"column": f"{name}.{column}", "changed": share, **means_of(old, new)})
    return sorted(result, key=lambda change: -change["changed"])


def means_of(old: "pd.Series", new: "pd.Series") -> Mapping[str, float | None]:
    """Means of a column, where it has such."""
    is_number = old.dtype.kind in "fiub"
    return {"before": float(old.mean()) if is_number else None, "after": float(new.mean()) if is_number else None}


def changes_table(changes: list[dict[str, Any]]) -> Table:
    """Return a row for each column that changed."""
    result = new_table("column", numbers=("cells changed", "mean before", "after"))
    for change in changes:
        means = [f"{change[name]:.4g}" if change[name] is not None else "" for name in ("before", "after")]
        result.add_row(change["column"], f"{change['changed']:.1%}", *means)
    return result
