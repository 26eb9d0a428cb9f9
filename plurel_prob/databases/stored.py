"""Tables of a folder in RelBench format, whose columns are read when they are asked for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

import pandas as pd

from plurel_prob.databases.disk import reading, table_file
from plurel_prob.databases.frames import is_index, read_frame
from plurel_prob.databases.manifest import MANIFEST, read_manifest
from plurel_prob.databases.schema import TableSchema
from plurel_prob.errors import DatabaseError, shown


@runtime_checkable
class Frame(Protocol):
    """A table, by column: a ``pandas.DataFrame``, or one whose columns are read when they are asked for."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[str]: ...

    def __getitem__(self, column: str) -> pd.Series: ...


class StoredFrame:
    """A parquet file of a folder in RelBench format.

    Args:
        file: its path.

    Raises:
        DatabaseError: it cannot be read, now or when a column is asked for.
    """

    def __init__(self, file: Path):
        import pyarrow.parquet as pq

        self._file = file
        with reading(file, f"is {file.parent.parent} a folder in RelBench format?"):
            found = pq.read_metadata(file)
            self._n_row, schema = found.num_rows, found.schema.to_arrow_schema()
            index = (schema.pandas_metadata or {}).get("index_columns", ())  # pandas' index is no column of the table
        self._names = [name for name in schema.names if name not in index and not is_index(name)]

    def __len__(self) -> int:
        return self._n_row

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __getitem__(self, column: str) -> pd.Series:
        with reading(self._file, "is it being written?"):
            return read_frame(self._file, [column])[column]


def open_tables(path: Path) -> tuple[dict[str, StoredFrame], dict[str, TableSchema]]:
    """Open the tables of any folder in RelBench format; their schemas have keys and times, and no types of columns.

    Raises:
        DatabaseError: a file is missing or broken, or a key or time of the manifest is no column; the message names it.
    """
    specs = read_manifest(path).tables
    frames = {name: StoredFrame(table_file(path, name)) for name in specs}
    schemas = {}
    for name, spec in specs.items():
        schemas[name] = TableSchema(len(frames[name]), {}, spec.pkey, spec.time_col, dict(spec.fkeys))
        missing = schemas[name].keys - set(frames[name])
        if missing:
            raise DatabaseError(f"{path / MANIFEST}: {shown(name)} has no column {shown(min(missing))}")
    return frames, schemas
