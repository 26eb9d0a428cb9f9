"""``plurel-prob convert``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from rich.table import Table

from plurel_prob.cli.extras import extra
from plurel_prob.cli.output import SWITCH, AsJson, PlainConsole, counted, new_table, print_json, print_table
from plurel_prob.files import check_apart

if TYPE_CHECKING:
    from plurel_prob.declared import DeclaredSchema
else:
    DeclaredSchema = Any  # imported where it is read

Format = Literal["relbench", "duckdb", "sqlite", "postgresql", "csv", "parquet", "huggingface"]


def convert(
    path: str,
    /,
    *,
    to: Format,
    out: str,
    overwrite: Annotated[bool, SWITCH] = False,
    as_json: AsJson = False,
) -> None:
    """Write the tables of a database into another store, with types, keys and constraints.

    Rows are checked against all constraints first, and by the store again; the store is there complete, or not at all.

    For example:

        plurel-prob convert out/plurel-10 --to sqlite --out out/ten.sqlite
        plurel-prob convert shop.sqlite --to relbench --out out/shop
        plurel-prob convert out/plurel-10 --to postgresql --out postgresql://user@host/name

    Args:
        path: folder in RelBench format, such as out/plurel-0; SQLite or DuckDB file; folder of csv or parquet files with
            schema.sql; or URL of a PostgreSQL database, postgresql://user@host/name (extra `sql`).
        to: format to write. relbench and huggingface (RelBench format with README.md and croissant.json) replace keys by row
            numbers and sort rows by time. A database that is in RelBench format already is copied, with its tasks.
        out: file (duckdb, sqlite), folder, or URL (postgresql) to write.
        overwrite: replace what exists: a folder only if this program wrote all that is in it, a file only if it is a SQLite or
            DuckDB file.
        as_json: print JSON, and nothing else.
    """
    from plurel_prob.cli.progress import progress_bar
    from plurel_prob.databases.disk import MANIFEST
    from plurel_prob.stores import read_store, write_store

    console = PlainConsole(soft_wrap=True)
    if "://" not in f"{path}{out}":
        check_apart(Path(path), Path(out))
    with extra("sql"), progress_bar() as progress:
        task = progress.add_task("reading", total=None)
        tables, declared = read_store(path)
        progress.update(task, description="writing", total=len(tables))
        if to in ("relbench", "huggingface") and (Path(path) / MANIFEST).exists():
            from plurel_prob.stores.huggingface import copy_relbench

            copy_relbench(Path(path), Path(out), is_described=to == "huggingface", overwrite=overwrite)
            problems: list[str] = []
            progress.advance(task, len(tables))
        else:
            problems = write_store(tables, declared, out, to, overwrite=overwrite, on_table=lambda name: progress.advance(task))
    if as_json:
        rows = {name: len(frame) for name, frame in tables.items()}
        print_json({"out": hidden(out), "rows": rows, "problems": [*declared.skipped, *problems]})
        return
    print_table(summary({name: len(frame) for name, frame in tables.items()}, declared))
    for problem in [*declared.skipped, *problems]:
        console.print(problem)
    console.print(f"{counted(len(tables), 'table')} written to {hidden(out)}.")
    if "://" not in out:
        console.print(f"Look at it: plurel-prob describe {out}")


def summary(n_row: dict[str, int], declared: DeclaredSchema) -> Table:
    """Return a row for each table: its size and keys."""
    result = new_table("table", "primary key", "refers to", numbers=("rows", "columns"))
    for table in declared.tables:
        keys = ", ".join(f"{', '.join(key.columns)} -> {key.parent}" for key in table.foreign_keys)
        result.add_row(table.name, ", ".join(table.primary_key), keys, f"{n_row[table.name]:,}", str(len(table.columns)))
    return result


def hidden(out: str) -> str:
    """URL without its password; a path as it is."""
    if "://" not in out:
        return out
    from sqlalchemy import make_url

    from plurel_prob.declared.live import without_secrets

    return without_secrets(make_url(out))[0]
