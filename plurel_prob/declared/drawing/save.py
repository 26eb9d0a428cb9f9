"""Databases of declared schemas, in stores."""

from pathlib import Path

from plurel_prob.databases.disk import PROVENANCE, checksums, new_folder
from plurel_prob.databases.provenance import Origin, dumps, provenance
from plurel_prob.declared.drawing.draw import DeclaredDatabase
from plurel_prob.declared.schema import DeclaredSchema
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

    Returns:
        What the store cannot keep, see :func:`plurel_prob.stores.write_store`.

    Raises:
        DatabaseError: the target exists, or cannot be written.
    """
    if format != "relbench":
        return write_store(database.tables, database.schema, target, format, overwrite=overwrite, on_table=on_table)
    from plurel_prob.stores.arrow import arrow_tables
    from plurel_prob.stores.relbench_form import save_relbench

    with new_folder(Path(target), overwrite=overwrite) as folder:
        arrow = arrow_tables(database.tables, database.schema)
        save_relbench(arrow, database.schema, folder, Path(target).name, on_table or (lambda name: None))
        window = (str(database.window[0].date()), str(database.window[1].date()))
        origin = Origin(database.seed, database.prior, given=(SCHEMA,))
        content = provenance(origin, window) | {"schema": name_of(database.schema), "files": checksums(folder)}
        (folder / PROVENANCE).write_text(dumps(content))
    return []


def name_of(schema: DeclaredSchema) -> str:
    """Name of a schema, as databases are called after it: of its file or database, without folders, passwords and endings."""
    return Path(schema.source.partition("?")[0].rstrip("/")).name.partition(".")[0] or "database"
