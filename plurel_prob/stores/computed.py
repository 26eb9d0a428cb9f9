"""Columns that a database computes from others: no part of a declaration, but of what a table shows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from plurel_prob.declared import DeclaredSchema, DeclaredTable
from plurel_prob.declared.files import open_file, places_of
from plurel_prob.declared.live import computed_note
from plurel_prob.declared.schema import quoted
from plurel_prob.declared.sources import file_url
from plurel_prob.errors import DatabaseError
from plurel_prob.stores.arrow import array_of, converted
from plurel_prob.stores.infer import infer_column
from plurel_prob.stores.sqlite_file import order_of


def with_computed(path: Path, tables: dict[str, Any], declared: DeclaredSchema) -> tuple[dict[str, Any], DeclaredSchema]:
    """Add the computed columns of a SQLite or DuckDB file to its tables, as plain values, and declare them as these are.

    Returns:
        The tables, and the schema, whose ``skipped`` names them.
    """
    tables = dict(tables)
    url, said, declarations = file_url(path) or "", [], []
    with open_file(url) as connection:
        places = {} if url.startswith("sqlite") else places_of(connection)
        for table in declared.tables:
            place = places.get(table.name, quoted(table.name))
            known = {column.name.lower() for column in table.columns}
            shown = [column[0] for column in connection.execute(f"SELECT * FROM {place} LIMIT 0").description]
            columns = list(table.columns)
            for name in [name for name in shown if name.lower() not in known]:
                values = pd.Series(_values(connection, table, place, name), name=name, dtype=object)
                try:
                    column = infer_column(values, bool(values.isna().any()), f"{table.name}.{name}")
                    tables[table.name] = tables[table.name].append_column(name, converted(values, array_of, table.name, column))
                    columns.append(column)
                    said.append(computed_note(table.name, name))
                except DatabaseError:
                    said.append(f"{table.name}.{name} is computed by the database; it is left out")
            declarations.append(replace(table, columns=tuple(columns)))
    return tables, replace(declared, tables=tuple(declarations), skipped=(*declared.skipped, *said))


def _values(connection: Any, table: DeclaredTable, place: str, name: str) -> list[Any]:
    """Values in the order in which the table's rows are read."""
    query = f"SELECT {quoted(name)} FROM {place}"
    try:
        rows = connection.execute(query + order_of(table, ("rowid", "_rowid_", "oid"))).fetchall()
    except Exception as error:  # a table of SQLite without rowid, which has a primary key
        if "no such column" not in str(error):
            raise
        rows = connection.execute(f"{query} ORDER BY {', '.join(map(quoted, table.primary_key))}").fetchall()
    return [value for (value,) in rows]
