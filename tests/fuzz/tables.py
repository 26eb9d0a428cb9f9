"""Changes of tables: other types and values in a column, names of tables and columns."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from hypothesis import strategies as st

from tests.fuzz.mutations import TEXTS

NAMES = (*(text for text in TEXTS if len(text) <= 300), "e" * 250)
VALUES: tuple[tuple[Any, pa.DataType], ...] = (
    *((value, pa.string()) for value in TEXTS if value.isprintable() or "\x1b" in value or "\0" in value),
    *((2**63 - 1, pa.int64()), (-(2**63), pa.int64()), (2**64 - 1, pa.uint64()), (0, pa.int8()), (1.5, pa.float16())),
    *((float("nan"), pa.float64()), (float("-inf"), pa.float64()), (1e308, pa.float64()), (None, pa.null()), (None, pa.int64())),
    *((Decimal("1.000000000000000001"), pa.decimal128(38, 18)), (b"\xff\0", pa.binary()), ([1, None], pa.list_(pa.int64()))),
    *(({"a": 1}, pa.struct([("a", pa.int64())])), ([("a", 1)], pa.map_(pa.string(), pa.int64())), (True, pa.bool_())),
    *((timedelta(days=1), pa.duration("ns")), (date(1, 1, 1), pa.date32()), (date(9999, 12, 31), pa.date64())),
    *((datetime(1677, 9, 22), pa.timestamp("ns")), (datetime(9999, 12, 31), pa.timestamp("s")), (2**62, pa.timestamp("us"))),
    *(
        (datetime(2021, 1, 1, tzinfo=UTC), pa.timestamp("us", "Europe/Berlin")),
        (1, pa.time64("us")),
    ),
)


@st.composite
def columns_of(draw: Callable, valid: bytes) -> bytes:
    """A parquet file with a column of other values, wholly or in one row, without a column or without rows."""
    table = pq.read_table(pa.BufferReader(valid))
    change = draw(
        st.sampled_from(["column", "column", "cell", "cell", "drop", "rows", "one row", "rename", "dictionary", "shuffle"])
    )
    place = draw(st.integers(0, table.num_columns - 1))
    name, column = table.column_names[place], table.column(place).combine_chunks()
    if change == "column":
        value, kind = draw(st.sampled_from(VALUES))
        table = table.set_column(place, name, pa.array([value] * table.num_rows, kind))
    elif change == "cell":
        row, values = draw(st.integers(0, table.num_rows - 1)), column.to_pylist()
        values[row] = draw(
            st.sampled_from([None, *dict.fromkeys(values), *(v for v, kind in VALUES if kind == column.type), -1, "x"])
        )
        try:
            table = table.set_column(place, name, pa.array(values, column.type))
        except (pa.ArrowException, TypeError, ValueError, OverflowError, AttributeError):
            table = table.set_column(place, name, pa.array(map(str, values)))
    elif change == "drop":
        table = table.remove_column(place)
    elif change in ("rows", "one row"):
        table = table.slice(0, change == "one row")
    elif change == "rename":
        table = table.rename_columns(
            [draw(st.sampled_from(NAMES[:5] + NAMES[6:])) if i == place else n for i, n in enumerate(table.column_names)]
        )
    elif change == "dictionary":
        table = table.set_column(place, name, column.cast(pa.string()).dictionary_encode())
    else:
        table = table.take(list(draw(st.permutations(range(min(table.num_rows, 20))))))
    sink = pa.BufferOutputStream()
    pq.write_table(table if draw(st.booleans()) else table.replace_schema_metadata(None), sink)
    return sink.getvalue().to_pybytes()


def rename(folder: Path, old: str, column: str | None, new: str) -> None:
    """Call a table, or a column of it, otherwise, in the manifest and in the files."""
    manifest = yaml.safe_load((folder / "manifest.yaml").read_text())
    tables = manifest["tables"]
    if column is None:
        tables[new] = tables.pop(old)
        for spec in tables.values():
            spec["fkeys"] = {key: new if parent == old else parent for key, parent in spec["fkeys"].items()}
        try:
            (folder / "db" / f"{old}.parquet").rename(folder / "db" / f"{new}.parquet")
        except (OSError, ValueError):  # no name of a file
            pass
    else:
        spec, path = tables[old], folder / "db" / f"{old}.parquet"
        pd.read_parquet(path).rename(columns={column: new}).to_parquet(path, index=False)
        spec.update({key: new for key in ("pkey", "time_col") if spec[key] == column})
        spec["fkeys"] = {new if key == column else key: parent for key, parent in spec["fkeys"].items()}
    (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))
