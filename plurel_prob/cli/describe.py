"""``plurel-prob describe``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from plurel_prob.cli.notes import origin_noted
from plurel_prob.cli.opened import check_tables, opened
from plurel_prob.cli.output import SWITCH, AsJson, PlainConsole, Several, counted, new_table, plain, print_json, print_table
from plurel_prob.errors import shown

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from plurel_prob.databases import Database
    from plurel_prob.reports.columns import ColumnSummary
else:
    ColumnSummary = Database = Table = Any  # imported where they are made: pandas is slow to import

MAX_TASK = 6  # names that are printed


def describe(
    path: str,
    /,
    *,
    table: Annotated[list[str] | None, Several] = None,
    all: Annotated[bool, SWITCH] = False,
    as_json: AsJson = False,
) -> None:
    """Print what a database consists of: tables, rows, keys, times, tasks; and columns of the tables that are asked for.

    For example:

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
        print_json(content_of(database, path, columns, tasks))
        return
    print_overview(database, path, tasks)
    for name, summaries in columns.items():
        PlainConsole().print()
        print_table(columns_table(database, name, summaries))
    if not names and database.tables:
        where = "DATABASE" if "://" in path else path  # a URL can have a password
        more = f"Columns: plurel-prob describe {where} --table {next(iter(database.tables))}, or --all."
        PlainConsole().print(more, soft_wrap=True)


def tasks_of(path: str) -> list[str]:
    """Names of the tasks of a folder."""
    return sorted(file.parent.name for file in (Path(path) / "tasks").glob("*/manifest.yaml"))


def print_overview(database: Database, path: str, tasks: list[str]) -> None:
    """Print sizes, times, tasks, and a row for each table."""
    console, schema = PlainConsole(), database.schema
    console.print(plain(database.name, "bold") + plain(f": {origin_of(database, path)}"))
    n_column = sum(len(table.columns) for table in schema.tables.values())
    n_row = sum(table.n_row for table in schema.tables.values())
    sizes = ((len(schema.tables), "table"), (n_row, "row"), (schema.n_cell, "cell"), (n_column, "feature column"))
    console.print(", ".join(counted(n, what) for n, what in (*sizes, (len(schema.foreign_keys), "foreign key"))))
    times, window = [], window_of(database)
    if window is not None:
        times.append(f"times from {window[0].date()} to {window[1].date()}")
    if schema.splits is not None:
        times.append(f"validation starts on {schema.splits[0].date()}, test on {schema.splits[1].date()}")
    if times:
        console.print("; ".join(times))
    if tasks:
        some = ", ".join(tasks[:MAX_TASK]) + (", ..." if len(tasks) > MAX_TASK else "")
        console.print(f"{counted(len(tasks), 'task')}: {some}", soft_wrap=True)
    elif Path(path).is_dir():
        console.print(f"tasks: none; plurel-prob tasks {path} adds some", soft_wrap=True)
    print_table(tables_table(database))


def origin_of(database: Database, path: str) -> str:
    """How a database came about, in words."""
    prior, seed = drawn_with(database, path)
    parts = ["not drawn by this program" if prior is None else f"drawn from the prior {prior}, seed {seed}"]
    if not database.is_drawn:
        return parts[0]
    parts += [f"given {shown(', '.join(database.given), 200)}"] if database.given else []
    parts += [f"set by hand: {shown(', '.join(database.by_hand), 200)}"] if database.by_hand else []
    return "; ".join(parts)


def drawn_with(database: Database, path: str) -> tuple[str | None, int | None]:
    """Prior and seed of a drawn database; a file beside a store says them. None: nobody drew it."""
    if database.is_drawn:
        return database.prior.name, database.seed
    note = origin_noted(Path(path)) if "://" not in path else None
    return (note["model"], note["seed"]) if note is not None and {"model", "seed"} <= note.keys() else (None, None)


def window_of(database: Database) -> "tuple[pd.Timestamp, pd.Timestamp] | None":
    """First and last day of a drawn database, first and last time of another."""
    from plurel_prob.reports.subject import time_window

    return database.schema.window or time_window(database.tables, database.schema.tables)


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
        of_key = key_figures(frame[key])
        used = f"{counted(of_key['parents'], 'row')} of {parent}, at most {counted(of_key['most'], 'time')} each"
        result.add_row(key, "foreign key", (used if of_key["parents"] else "none") + missing_words(of_key["missing"]))
    if table.time_col:
        times = frame[table.time_col].dropna()
        result.add_row(table.time_col, "time", f"{times.min()} to {times.max()}" if len(times) else "none")
    for summary in summaries:
        result.add_row(summary.name, summary.kind, words_on(summary))
    return result


def key_figures(column: "pd.Series") -> dict[str, Any]:
    """How many parents a foreign key refers to, how often at most, and the share of rows without one."""
    n_child = column.value_counts()
    missing = float(column.isna().mean()) if len(column) else 0.0
    return {"parents": len(n_child), "most": int(n_child.max()) if len(n_child) else 0, "missing": missing}


def words_on(summary: ColumnSummary) -> str:
    """What a column's values are, in a line."""
    from plurel_prob.reports.columns import FIGURES

    figures, missing = dict(zip(FIGURES, summary.figures, strict=True)), missing_words(summary.missing)
    if not summary.n_distinct:
        return "all missing"
    if summary.kind == "number" and not figures["median"]:
        return f"all infinite{missing}"
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


def content_of(database: Database, path: str, columns: dict[str, list[ColumnSummary]], tasks: list[str]) -> dict[str, Any]:
    """All that is printed, for machines."""
    prior, seed = drawn_with(database, path)
    schema, window, splits = database.schema, window_of(database), database.schema.splits
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
            frame = database.tables[name]
            tables[name]["values"] = {summary.name: figures_of(summary) for summary in columns[name]}
            tables[name]["keys"] = {key: key_figures(frame[key]) for key in table.fkeys}
            if table.time_col:
                times = frame[table.time_col].dropna()
                tables[name]["times"] = [str(times.min()), str(times.max())] if len(times) else None
    return {
        "name": database.name,
        "prior": prior,
        "seed": seed,
        "given": list(database.given) if database.is_drawn else [],
        "by_hand": list(database.by_hand) if database.is_drawn else [],
        "window": [str(time.date()) for time in window] if window else None,
        "splits": dict(zip(("validation", "test"), map(str, splits), strict=True)) if splits else None,
        "cells": schema.n_cell,
        "tables": tables,
        "tasks": tasks,
    }


def figures_of(summary: ColumnSummary) -> dict[str, Any]:
    """Figures of a column, for machines: numbers in full precision."""
    from plurel_prob.reports.columns import FIGURES

    found: dict[str, Any] = {"type": summary.kind, "missing": summary.missing, "distinct": summary.n_distinct}
    if summary.numbers:
        found |= dict(zip(FIGURES, summary.numbers, strict=True))
    elif summary.kind == "time":
        found |= {name: text for name, text in zip(FIGURES, summary.figures, strict=True) if text}
    elif summary.most_common:
        found["most_common"] = summary.most_common
    return found
