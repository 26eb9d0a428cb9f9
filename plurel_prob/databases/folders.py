"""Databases of folders: those that were written with latents and provenance, and any in RelBench format."""

from collections.abc import Collection
from functools import partial
from pathlib import Path

from plurel_prob.databases import disk
from plurel_prob.databases.database import Database
from plurel_prob.databases.flat import Groups
from plurel_prob.databases.manifest import known_splits, read_manifest
from plurel_prob.databases.schema import DatabaseSchema
from plurel_prob.errors import DatabaseError, shown


def load(path: Path | str) -> Database:
    """Read a database that :meth:`Database.save` wrote. Latents are read when they are first looked at.

    Raises:
        DatabaseError: the folder is no such database; the message names the file.
    """
    tables, schema, origin = disk.read(Path(path))
    return Database(origin.name, tables, schema, origin, read_latents=partial(_latents_of, Path(path), frozenset(tables)))


def _latents_of(path: Path, tables: Collection[str]) -> Groups:
    groups = disk.read_latents(path)
    others = {name.rpartition("/")[2] for name in groups if name != "prior"} ^ set(tables)
    if others:
        raise DatabaseError(f"{path / disk.LATENTS}: has other tables than {disk.MANIFEST}, such as {shown(min(others))}")
    return groups


def observe(path: Path | str, *, needs_keys: bool = True) -> Database:
    """Read the tables of a folder in RelBench format, drawn or real, without latents.

    Args:
        path: the folder.
        needs_keys: whether a key or time of the manifest that is no column of its table is an error here; otherwise it is one
            where it is used.

    Raises:
        DatabaseError: a file is missing or broken; the message names it.
    """
    path = Path(path)
    tables, schemas = disk.read_tables(path, needs_keys=needs_keys)
    return Database(path.name, tables, DatabaseSchema(schemas, splits=known_splits(read_manifest(path), path)))
