"""``plurel-prob describe``."""

from pathlib import Path

import pandas as pd
from rich.table import Table

from plurel_prob.cli.output import PlainConsole, plain
from plurel_prob.databases import Database, TableSchema, load


def describe(path: Path, /) -> None:
    """Print a database's schema, its keys and a summary of every column.

    Args:
        path: folder of a database, such as out/plurel-0.
    """
    database = load(path)
    console = PlainConsole()
    assert database.schema.window is not None, "a drawn database has one"
    first, last = database.schema.window
    console.print(plain(database.name, "bold") + plain(f": prior {database.prior.name}, {first.date()} to {last.date()}"))
    console.print(f"validation from {database.schema.val_timestamp.date()}, test from {database.schema.test_timestamp.date()}")
    console.print()
    console.print(tables_table(database))
    for name, table in database.schema.tables.items():
        console.print()
        console.print(columns_table(name, table, database.tables[name]))


def tables_table(database: Database) -> Table:
    """Return a row for each table: kind, size, keys."""
    result = Table("table", "kind", "rows", "columns", "refers to")
    for name, table in database.schema.tables.items():
        keys = ", ".join(f"{key} -> {parent}" for key, parent in table.fkeys.items())
        kind = "activity" if table.time_col else "entity"
        result.add_row(name, kind, f"{table.n_row:,}", str(len(table.columns)), keys)
    return result


def columns_table(name: str, table: TableSchema, frame: pd.DataFrame) -> Table:
    """Return a row for each key and feature column of a table: type and summary."""
    result = Table("column", "type", "summary", title=name, title_justify="left")
    result.add_row(table.pkey or "", "primary key", f"0 to {table.n_row - 1:,}")
    for key, parent in table.fkeys.items():
        n_child = frame[key].value_counts()
        result.add_row(key, "foreign key", f"{len(n_child):,} rows of {parent}, at most {n_child.max():,} times each")
    if table.time_col:
        times = frame[table.time_col]
        result.add_row(table.time_col, "time", f"{times.min()} to {times.max()}")
    for column, kind in table.columns.items():
        result.add_row(column, kind, summarise(frame[column], kind))
    return result


def summarise(values: pd.Series, kind: str) -> str:
    """Return what a column's values look like, in a line."""
    if kind == "numerical":
        low, median, high = values.quantile([0.05, 0.5, 0.95])
        return f"5 % {low:.3g}, median {median:.3g}, 95 % {high:.3g}"
    if kind == "boolean":
        return f"{values.mean():.1%} true"
    share = values.value_counts(normalize=True)
    return f"{(share > 0).sum()} categories, most common {share.index[0]} ({share.iloc[0]:.0%})"
