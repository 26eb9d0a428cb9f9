"""Schemas declared in SQL: CREATE TABLE, and what other statements say of tables; nothing is executed."""

from dataclasses import replace
from pathlib import Path

from plurel_prob.declared.dialects import guesses, named
from plurel_prob.declared.reader import read_schema
from plurel_prob.declared.refusals import honoured
from plurel_prob.declared.resolve import resolve
from plurel_prob.declared.schema import DeclaredSchema
from plurel_prob.declared.text import Sql, read_text
from plurel_prob.errors import DatabaseError

MOST_GUESSED = 500_000  # characters of a file that is read in several dialects, if need be


def read_ddl(path: Path, dialect: str | None = None, *, ignore_unsupported: bool = False) -> DeclaredSchema:
    """Read the schema that a file of SQL declares, such as a dump.

    Honoured are tables with their keys and constraints, whether they are part of CREATE TABLE, added by ALTER TABLE or a unique
    index, and types that the file declares; also within blocks of PL/pgSQL, and in files of its folder that the file includes.
    Statements that mean nothing to a schema are passed over; what else is not read is in ``skipped`` of the schema. Names are the
    same whatever the case of their letters. Computed columns are left out; a partition is no table, as its rows are its parent's;
    arrays are texts. Under UNIQUE several values may be missing, also in SQL Server.

    Args:
        path: file.
        dialect: sqlite, postgresql, mysql, duckdb or sqlserver; None: what the file's name (x.mysql.sql) and text suggest.
        ignore_unsupported: leave constraints out that cannot be honoured; they are the schema's ``ignored``.

    Raises:
        DatabaseError: the file declares no table, cannot be understood, or has constraints that cannot be honoured; the message
            names lines, tables and columns.
    """
    text = read_text(path)
    likely = guesses(path, text)[: None if len(text) <= MOST_GUESSED else 1] if dialect is None else [named(dialect)]
    first, best = None, None
    for guess in likely:
        try:
            schema = parse_ddl(Sql(str(path), text, guess), path.parent)
        except DatabaseError as error:
            first = first or error
            continue
        best = schema if best is None or _n_left_out(schema) < _n_left_out(best) else best
        if not _n_left_out(best):
            break
    if best is None:
        raise first or AssertionError("there is always a guess")
    return best if ignore_unsupported else honoured(best)


def _n_left_out(schema: DeclaredSchema) -> int:
    return len(schema.skipped) + len(schema.ignored)


def parse_ddl(sql: Sql, folder: Path | None = None) -> DeclaredSchema:
    """Read the schema that a text declares; it may include files of a folder. It names the constraints that it ignores, as they
    cannot be honoured.

    Raises:
        DatabaseError: as ``read_ddl``.
    """
    tables = read_schema(sql, folder)
    schema = resolve(sql.source, tables.tables)
    return replace(schema, skipped=(*tables.skipped.notes(), *schema.skipped))
