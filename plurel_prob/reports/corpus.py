"""What a report says about many databases, from manifests, parquet footers, provenance and the smallest latents only."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plurel_prob.databases.disk import LATENTS, MANIFEST, PROVENANCE, read_latents, reading, table_file
from plurel_prob.databases.manifest import read_manifest
from plurel_prob.databases.provenance import read_provenance
from plurel_prob.errors import DatabaseError

MAX_LATENT = 200  # databases


@dataclass(frozen=True)
class Entry:
    """A database of a corpus.

    Attributes:
        prior: name of what it was drawn from; empty for a real database.
        family: graph family of its schema; empty where it is not known.
        table_families: of the causal graphs of its tables.
        kinds: number of feature columns of each type.
        missing: share of the feature cells; None if there are none.
        n_byte: of its tables.
    """

    name: str
    prior: str
    family: str
    table_families: Counter[str]
    n_table: int
    n_activity: int
    n_row: int
    n_key: int
    kinds: Counter[str]
    missing: float | None
    n_byte: int


def names_in(path: Path) -> list[str]:
    """Folders of databases in a folder, by name and number.

    Raises:
        DatabaseError: there is no such folder, or no database in it.
    """
    if not path.is_dir():
        raise DatabaseError(f"{path}: no such file or folder")
    found = [child.name for child in path.iterdir() if not child.name.startswith(".") and (child / MANIFEST).is_file()]
    if not found:
        raise DatabaseError(
            f"{path}: is neither a database nor a folder of databases: it has no {MANIFEST}, nor a folder that has"
        )
    return sorted(found, key=lambda name: (name.rstrip("0123456789"), len(name), name))


def with_latents(names: list[str]) -> set[str]:
    """Databases whose latents are opened, which takes a fifth of a second each: all, or 200 that are spread evenly."""
    return set(names[:: -(-len(names) // MAX_LATENT)])


def read_entry(path: Path, *, has_families: bool = True) -> Entry:
    """Summarise a database without reading its rows.

    Args:
        path: its folder.
        has_families: look into its latents for the graph families.

    Raises:
        DatabaseError: a file is missing or broken; the message names it.
    """
    tables = read_manifest(path).tables
    keys = {name: {spec.pkey, spec.time_col, *spec.fkeys} for name, spec in tables.items()}
    n_activity = sum(spec.time_col is not None for spec in tables.values())
    n_key = sum(len(spec.fkeys) for spec in tables.values())
    kinds: Counter[str] = Counter()
    n_row = n_byte = n_cell = n_missing = 0
    for name in tables:
        file = table_file(path, name)
        with reading(file, f"is {path} a folder in RelBench format?"):
            n, columns = read_footer(file)
            n_byte += file.stat().st_size
        features = {column: what for column, what in columns.items() if column not in keys[name]}
        kinds.update(kind for kind, _ in features.values())
        n_row, n_cell = n_row + n, n_cell + n * len(features)
        n_missing += sum(n_null for _, n_null in features.values())
    prior, family, families = read_origin(path, has_families)
    missing = n_missing / n_cell if n_cell else None
    return Entry(path.name, prior, family, families, len(tables), n_activity, n_row, n_key, kinds, missing, n_byte)


def read_footer(path: Path) -> tuple[int, dict[str, tuple[str, int]]]:
    """Rows of a parquet file and, of each column, its type and how many values are missing."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        metadata, schema = file.metadata, file.schema_arrow
        n_null: Counter[str] = Counter()
        for i in range(metadata.num_row_groups):
            for j in range(metadata.num_columns):
                column = metadata.row_group(i).column(j)
                statistics = column.statistics
                n_null[column.path_in_schema.split(".")[0]] += (statistics.null_count or 0) if statistics else 0
        return metadata.num_rows, {field.name: (kind_of(field.type), n_null[field.name]) for field in schema}


def kind_of(arrow_type: Any) -> str:
    """Type of a column, as the pages call it."""
    import pyarrow.types as types

    if types.is_dictionary(arrow_type):
        return "category"
    if types.is_boolean(arrow_type):
        return "boolean"
    if types.is_integer(arrow_type) or types.is_floating(arrow_type):
        return "number"
    return "time" if types.is_timestamp(arrow_type) else "text"


def read_origin(path: Path, has_families: bool) -> tuple[str, str, Counter[str]]:
    """Prior, graph family of the schema, and those of the tables; empty for a real database."""
    if not (path / PROVENANCE).exists():
        return "", "", Counter()
    prior = read_provenance(path).get("model", "")
    if not has_families or not (path / LATENTS).exists():
        return prior, "", Counter()
    groups = read_latents(path)
    family = {name: str(group.variables["family"][0]) for name, group in groups.items()}
    return prior, family.pop("prior"), Counter(family.values())
