"""``plurel-prob describe``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from plurel_prob.cli.opened import check_tables, opened
from plurel_prob.cli.output import SWITCH, AsJson, PlainConsole, Several, new_table, plain, print_json, print_table
from plurel_prob.errors import shown

if TYPE_CHECKING:
    from rich.table import Table

    from plurel_prob.databases import Database
    from plurel_prob.reports.columns import ColumnSummary
else:
    ColumnSummary = Database = Table = Any  # imported where they are made: pandas is slow to import

FIGURES = ("minimum", "q05", "median", "q95", "maximum", "mean", "std")


def describe(
    path: str,
    /,
    *,
    table: Annotated[list[str] | None, Several] = None,
    all: Annotated[bool, SWITCH] = False,
    as_json: AsJson = False,
) -> None:
    """Print what a database consists of: tables, rows, keys, times, tasks; and columns of the tables that are asked for.

    Such as:

        plurel-prob describe out/plurel-10
        plurel-prob describe out/plurel-10 --table table_0 table_1
        plurel-prob describe shop.sqlite --json

    Args:
        path: a database, drawn or real: folder in RelBench format, such as out/plurel-10; SQLite or DuckDB file; folder of CSV or
            parquet files with schema.sql; or URL of a PostgreSQL database (extra `sql`).
        table: print the columns of these tables, too: types and what their values are.
        all: print the columns of all tables.
        as_json: print JSON, and nothing else.
    """
    database = opened(path)
    names = list(database.tables) if all else list(dict.fromkeys(table or []))
    check_tables(database, names)
    columns = {name: column_summaries(database, name) for name in names}
    tasks = tasks_of(path)
    if as_json:
        print_json(content_of(database, columns, tasks))
        return
    print_overview(database, path, tasks)
    for name, summaries in columns.items():
        PlainConsole().print()
        print_table(columns_table(database, name, summaries))
    if not names:
        more = f"Columns: plurel-prob describe {path} --table {next(iter(database.tables))}, or --all."
        PlainConsole().print(more, soft_wrap=True)


def tasks_of(path: str) -> list[str]:
    """Names of the tasks of a folder."""
    return sorted(file.parent.name for file in (Path(path) / "tasks").glob("*/manifest.yaml"))


def print_overview(database: Database, path: str, tasks: list[str]) -> None:
    """Print sizes, times, tasks, and a row for each table."""
    console, schema = PlainConsole(), database.schema
    origin = f"drawn from the prior {database.prior.name}, seed {database.seed}" if database.is_drawn else "not drawn here"
    console.print(plain(database.name, "bold") + plain(f": {origin}"))
    n_column = sum(len(table.columns) for table in schema.tables.values())
    cells = f"{schema.n_cell:,} cells in {n_column:,} columns"
    console.print(f"{counted(database)}, {cells}, {len(schema.foreign_keys):,} foreign keys")
    times = []
    if schema.window is not None:
        times.append(f"times from {schema.window[0].date()} to {schema.window[1].date()}")
    if schema.splits is not None:
        times.append(f"validation starts on {schema.splits[0].date()}, test on {schema.splits[1].date()}")
    if times:
        console.print("; ".join(times))
    if tasks:
        console.print(f"tasks: {shown(', '.join(tasks), 200)}", soft_wrap=True)
    elif Path(path).is_dir():
        console.print(f"tasks: none; plurel-prob tasks {path} adds some", soft_wrap=True)
    print_table(tables_table(database))


def counted(database: Database) -> str:
    """Numbers of tables and rows, in words."""
    n_row = sum(table.n_row for table in database.schema.tables.values())
    return f"{len(database.tables):,} table{'s' * (len(database.tables) != 1)}, {n_row:,} row{'s' * (n_row != 1)}"


def tables_table(database: Database) -> Table:
    """Return a row for each table: kind, keys, size."""
    result = new_table("table", "kind", "refers to", numbers=("rows", "columns"))
    for name, table in database.schema.tables.items():
        keys = ", ".join(f"{key} -> {parent}" for key, parent in table.fkeys.items())
        result.add_row(name, "activity" if table.time_col else "entity", keys, f"{table.n_row:,}", str(len(table.columns)))
    return result


def column_summaries(database: Database, table: str) -> list[ColumnSummary]:
    """Summaries of the feature columns of a table."""
    from plurel_prob.reports.columns import plain as countable
    from plurel_prob.reports.columns import summary_of

    names = database.schema.tables[table].columns
    frame = countable(database.tables[table][list(names)])
    return [summary_of(frame[name], name) for name in names]


def columns_table(database: Database, name: str, summaries: list[ColumnSummary]) -> Table:
    """Return a row for each key and feature column of a table: type and what its values are."""
    table, frame = database.schema.tables[name], database.tables[name]
    result = new_table("column", "type", "values", title=name)
    if table.pkey:
        result.add_row(table.pkey, "primary key", "")
    for key, parent in table.fkeys.items():
        n_child = frame[key].value_counts()
        missing = missing_words(float(frame[key].isna().mean()))
        used = f"{len(n_child):,} rows of {parent}, at most {n_child.max():,} times each" if len(n_child) else "none"
        result.add_row(key, "foreign key", used + missing)
    if table.time_col:
        times = frame[table.time_col].dropna()
        result.add_row(table.time_col, "time", f"{times.min()} to {times.max()}" if len(times) else "none")
    for summary in summaries:
        result.add_row(summary.name, summary.kind, words_on(summary))
    return result


def words_on(summary: ColumnSummary) -> str:
    """What a column's values are, in a line."""
    figures, missing = dict(zip(FIGURES, summary.figures, strict=True)), missing_words(summary.missing)
    if not summary.n_distinct:
        return "all missing"
    if summary.kind == "number":
        return f"5% below {figures['q05']}, median {figures['median']}, 95% below {figures['q95']}{missing}"
    if summary.kind == "boolean" and summary.n_distinct == 2:
        return f"{summary.most_common}{missing}"
    if summary.kind == "time":
        return f"{figures['minimum']} to {figures['maximum']}{missing}"
    return f"{summary.n_distinct:,} different, most common {summary.most_common}{missing}"


def missing_words(share: float) -> str:
    """How many values are missing, in words."""
    return f"; {share:.1%} missing" if share else ""


def content_of(database: Database, columns: dict[str, list[ColumnSummary]], tasks: list[str]) -> dict[str, Any]:
    """All that is printed, for machines."""
    schema, window, splits = database.schema, database.schema.window, database.schema.splits
    tables: dict[str, dict[str, Any]] = {}
    for name, table in schema.tables.items():
        tables[name] = {
            "rows": table.n_row,
            "primary_key": table.pkey,
            "time": table.time_col,
            "foreign_keys": dict(table.fkeys),
            "columns": dict(table.columns),
        }
        if name in columns:
            tables[name]["values"] = {summary.name: figures_of(summary) for summary in columns[name]}
    return {
        "name": database.name,
        "prior": database.prior.name if database.is_drawn else None,
        "seed": database.seed if database.is_drawn else None,
        "window": [str(time.date()) for time in window] if window else None,
        "splits": dict(zip(("validation", "test"), map(str, splits), strict=True)) if splits else None,
        "cells": schema.n_cell,
        "tables": tables,
        "tasks": tasks,
    }


def figures_of(summary: ColumnSummary) -> dict[str, Any]:
    """Figures of a column, for machines."""
    figures = dict(zip(FIGURES, summary.figures, strict=True)) if summary.kind in ("number", "time") else {}
    numbers = {name: float(text) if summary.kind == "number" else text for name, text in figures.items() if text}
    return {"type": summary.kind, "missing": summary.missing, "distinct": summary.n_distinct, **numbers}
