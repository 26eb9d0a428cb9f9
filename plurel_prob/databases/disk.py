"""Databases on disk: RelBench 3 format, with latents and provenance in files of their own."""

import hashlib
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from plurel_prob.databases.database import Database
from plurel_prob.databases.flat import Groups, read_groups, write_groups
from plurel_prob.databases.frames import index_note, is_index, read_frame
from plurel_prob.databases.manifest import MANIFEST, read_manifest, write_manifest
from plurel_prob.databases.provenance import PROVENANCE, Origin, dumps, origin_of, provenance, read_provenance
from plurel_prob.databases.schema import DatabaseSchema, TableSchema
from plurel_prob.errors import DatabaseError, reason, shown
from plurel_prob.files import marked_folder, new_folder, within

LATENTS = "latents.npz"
BEFORE = "latents.nc"  # what version 0.1 wrote


Parts = Mapping[str, Iterable[pd.DataFrame]]  # frames of a table's rows, one after another
NO_PARTS: Parts = MappingProxyType({})


def write(
    database: Database,
    path: Path,
    *,
    overwrite: bool,
    parts: Parts = NO_PARTS,
    also: Iterable[Callable[[Path], object]] = (),
    latents: bool = True,
) -> Path:
    """Write a database and its latents to the folder ``path``; a table in ``parts`` from the frames there, one by one.

    What ``also`` writes beside the tables is noted in the provenance, too.

    Raises:
        DatabaseError: ``path`` exists and ``overwrite`` is false, it cannot be written, or the database was not drawn.
    """
    origin, window = database.origin, database.schema.window
    assert window is not None, "a drawn database has one"
    with new_folder(path, overwrite=overwrite) as folder:
        write_tables(database, folder, parts)
        if latents:
            write_groups(database.read_latents(), folder / LATENTS)
        for write_more in also:
            write_more(folder)
        content = provenance(origin, (str(window[0].date()), str(window[1].date()))) | {"files": checksums(folder)}
        (folder / PROVENANCE).write_text(dumps(content), encoding="utf-8")
    return path


def checksums(folder: Path) -> dict[str, dict[str, Any]]:
    """Size in bytes and SHA-256 of every file below a folder, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)} for path in files}


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_tables(database: Database, folder: Path, parts: Parts = NO_PARTS) -> None:
    """Write the manifest and the tables, the part that consumers of the format read."""
    (folder / "db").mkdir(parents=True)
    write_manifest(manifest_of(database), folder / MANIFEST)
    for name, frame in database.tables.items():
        path = folder / "db" / f"{name}.parquet"
        if name in parts:
            write_parts(parts[name], path, database.schema.tables[name].keys)
        else:
            _write_row_groups(iter([frame]), path)


def write_parts(parts: Iterable[pd.DataFrame], path: Path, keys: Collection[str]) -> None:
    """Write a table that comes in parts, without the columns (other than keys) that are constant over all of it."""
    seen: dict[str, set] = {}  # up to two values of each column

    def watched() -> Iterator[pd.DataFrame]:
        for frame in parts:
            for name in frame.columns.difference([*keys, *(name for name, values in seen.items() if len(values) > 1)]):
                seen.setdefault(name, set()).update(frame[name].dropna().unique()[:2])
            yield frame

    with marked_folder(path.parent) as folder:
        complete = folder / path.name
        _write_row_groups(watched(), complete)
        constant = {name for name, values in seen.items() if len(values) < 2}
        if constant:
            _write_row_groups(_row_groups(complete, constant), path)
        else:
            complete.rename(path)


def _write_row_groups(frames: Iterable[pd.DataFrame], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = (pa.Table.from_pandas(frame, preserve_index=False) for frame in frames)
    first = next(parts)
    with pq.ParquetWriter(path, first.schema) as writer:
        for part in itertools.chain([first], parts):
            writer.write_table(part)


def _row_groups(path: Path, left_out: Collection[str]) -> Iterator[pd.DataFrame]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        columns = [name for name in file.schema_arrow.names if name not in left_out]
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=columns).to_pandas()


def table_file(folder: Path, table: str) -> Path:
    """File of a table of a folder in RelBench format.

    Raises:
        DatabaseError: see :func:`plurel_prob.files.within`.
    """
    if "/" in str(table):
        raise DatabaseError(f"{folder}: {shown(table)} is no name of a table, whose file lies in db/")
    return within(folder, f"db/{table}.parquet")


def column_names(path: Path, table: str) -> set[str]:
    """Columns of a table of a written database."""
    import pyarrow.parquet as pq

    return set(pq.read_schema(table_file(path, table)).names)


def manifest_of(database: Database) -> Any:
    """Build the ``relbench.manifest.DatasetManifest`` of a database."""
    from relbench.manifest import DatasetManifest, TableSpec

    schema = database.schema
    return DatasetManifest(
        name=database.name,
        description=f"Drawn by PluRel-Prob from the prior {database.prior.name!r} with seed {database.seed}.",
        val_timestamp=schema.val_timestamp.isoformat(),
        test_timestamp=schema.test_timestamp.isoformat(),
        tables={
            name: TableSpec(pkey=table.pkey, time_col=table.time_col, fkeys=dict(table.fkeys))
            for name, table in schema.tables.items()
        },
    )


def read_latents(path: Path) -> Groups:
    """Read the latents of a written database, whose file is compared with its checksum first, where there is one.

    Raises:
        DatabaseError: they are missing, broken or not those that were written.
    """
    from plurel_prob.databases.latents import check_latents

    hint = "the database was written without latents; draw it again with them"
    if (path / BEFORE).exists():
        hint = f"{BEFORE} is of PluRel-Prob 0.1 and is not read any more; draw the database again"
    with reading(path / LATENTS, hint):
        written = read_provenance(path).get("files", {}).get(LATENTS)
        if written is not None and sha256(within(path, LATENTS)) != written["sha256"]:
            raise DatabaseError(f"{path / LATENTS}: differs from what was written (SHA-256); draw the database again")
        return check_latents(read_groups(within(path, LATENTS)))


def read(path: Path) -> tuple[dict[str, pd.DataFrame], DatabaseSchema, Origin]:
    """Read tables, schema and origin of a written database."""
    origin, window = origin_of(read_provenance(path), str(path / PROVENANCE))
    frames, tables = read_tables(path)
    return frames, DatabaseSchema.drawn(tables, window), origin


def read_tables(path: Path, *, needs_keys: bool = True) -> tuple[dict[str, pd.DataFrame], dict[str, TableSchema]]:
    """Read the tables of any folder in RelBench format, and their schemas.

    Args:
        path: the folder.
        needs_keys: see :func:`plurel_prob.databases.observe`.

    Raises:
        DatabaseError: a file is missing or broken; the message names it.
    """
    specs = read_manifest(path).tables
    frames = {}
    for name in specs:
        file = table_file(path, name)
        with reading(file, f"is {path} a folder in RelBench format?"):
            frames[name] = read_frame(file)
    schemas = {name: table_schema(frames[name], spec) for name, spec in specs.items()}
    for name, schema in schemas.items() if needs_keys else ():
        missing = schema.keys - set(frames[name].columns)
        if missing:
            raise DatabaseError(f"{path / MANIFEST}: {shown(name)} has no column {shown(min(missing))}")
    return frames, schemas


def index_notes(path: Path, tables: Iterable[str]) -> tuple[str, ...]:
    """What is left out of tables of a folder, as pandas keeps their index in the file."""
    columns = [(name, column) for name in tables for column in sorted(column_names(path, name))]
    return tuple(index_note(name, column) for name, column in columns if is_index(column))


@contextmanager
def reading(path: Path, hint: str) -> Iterator[None]:
    """Name the file that cannot be read.

    Raises:
        DatabaseError: whatever a library raises, as a broken file can make it raise anything.
    """
    try:
        yield
    except DatabaseError:
        raise
    except FileNotFoundError:
        raise DatabaseError(f"{path}: no such file; {hint}") from None
    except Exception as error:
        raise DatabaseError(f"{path}: cannot be read: {reason(error)}") from None


def table_schema(frame: pd.DataFrame, spec: Any) -> TableSchema:
    """Schema of a table, of which a manifest says what its keys are."""
    schema = TableSchema(len(frame), {}, spec.pkey, spec.time_col, dict(spec.fkeys))
    types = {column: column_type(frame[column]) for column in frame.columns if column not in schema.keys}
    return replace(schema, columns=types)


def column_type(column: pd.Series) -> str:
    """Type of a feature column: ``numerical``, ``boolean``, ``categorical``, ``time`` or ``text``."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "categorical"
    if pd.api.types.is_bool_dtype(column.dtype):
        return "boolean"
    if pd.api.types.is_numeric_dtype(column.dtype):
        return "numerical"
    return "time" if pd.api.types.is_datetime64_any_dtype(column.dtype) else "text"
