"""Databases of declared schemas, in stores."""

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from plurel_prob.databases.disk import PROVENANCE, checksums
from plurel_prob.databases.provenance import Origin, dumps, provenance
from plurel_prob.declared.schema import Column, DeclaredSchema
from plurel_prob.drawing.draw import DeclaredDatabase
from plurel_prob.files import new_folder
from plurel_prob.stores.places import OnTable
from plurel_prob.stores.store import Format, write_store

SCHEMA = "schema"  # what is given of a database of a declared schema


def save(
    database: DeclaredDatabase,
    target: Path | str,
    format: Format = "relbench",
    *,
    overwrite: bool = False,
    on_table: OnTable | None = None,
) -> list[str]:
    """Write a database into a store, complete or not at all; a folder in RelBench format says what drew it.

    There, decimals are floats, and times of day intervals since midnight: its readers refuse both.

    Returns:
        What the store cannot keep, see :func:`plurel_prob.stores.write_store`.

    Raises:
        DatabaseError: the target exists, or cannot be written.
    """
    if format != "relbench":
        return write_store(database.tables, database.schema, target, format, overwrite=overwrite, on_table=on_table)
    from plurel_prob.stores.arrow import arrow_tables
    from plurel_prob.stores.limits import check_schema
    from plurel_prob.stores.relbench_form import save_relbench

    check_schema(database.schema, format)
    with new_folder(Path(target), overwrite=overwrite) as folder:
        tables, schema = readable(database.tables, database.schema)
        save_relbench(arrow_tables(tables, schema), schema, folder, Path(target).name, on_table or (lambda name: None))
        window = (str(database.window[0].date()), str(database.window[1].date()))
        origin = Origin(database.seed, database.prior, given=(SCHEMA,))
        content = provenance(origin, window) | {"schema": name_of(database.schema), "files": checksums(folder)}
        content |= {"values": database.values, "derived": database.derived}
        if database.values == "meanings":
            content["versions"] |= {"faker": version("faker")}
        (folder / PROVENANCE).write_text(dumps(content), encoding="utf-8")
    return []


def readable(tables: dict[str, pd.DataFrame], schema: DeclaredSchema) -> tuple[dict[str, pd.DataFrame], DeclaredSchema]:
    """Make decimals floats and times of day intervals since midnight, as readers of RelBench format refuse both."""
    changed, frames = [], {}
    for table in schema.tables:
        frame, columns = tables[table.name].copy(), []
        for column in table.columns:
            if column.kind == "decimal":
                frame[column.name] = frame[column.name].astype(np.float64)
                column = Column(column.name, "float", column.is_nullable)
            elif column.kind == "time":
                frame[column.name] = pd.to_timedelta(frame[column.name].astype("string"))
                column = Column(column.name, "interval", column.is_nullable)
            columns.append(column)
        changed.append(replace(table, columns=tuple(columns)))
        frames[table.name] = frame
    return frames, replace(schema, tables=tuple(changed))


def name_of(schema: DeclaredSchema) -> str:
    """Name of a schema, as databases are called after it: of its file or database, without folders, passwords and endings."""
    return Path(schema.source.partition("?")[0].rstrip("/")).name.partition(".")[0] or "database"
