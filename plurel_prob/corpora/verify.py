"""Whether databases are as they were written, and as their seed draws them."""

import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from plurel_prob.corpora.corpus import missing_files
from plurel_prob.corpora.folders import read_provenance, sizes_of
from plurel_prob.databases import Database, TableSchema, load, observe
from plurel_prob.databases.disk import PROVENANCE, sha256
from plurel_prob.databases.provenance import CHECKSUM, PACKAGES, instruction_set
from plurel_prob.errors import DatabaseError, reason
from plurel_prob.files import temporary_folder, within
from plurel_prob.priors import PROGRAM_VERSION
from plurel_prob.sampling import sample_to

EXACTLY = "drawn again, with the same tables to the last bit"
ROUGHLY = "drawn again by other versions or on another processor, with the same numbers of rows, keys and types (not values)"
HAS_GIVEN = "not drawn again: parts of it were given or set by hand"
IS_OLDER = "not drawn again: another version of the program drew it"


class Redrawn(NamedTuple):
    """What drawing a database again has shown."""

    how: str  # what was compared, or why nothing was
    problems: list[str]


def problems_of(path: Path) -> list[str]:
    """What is wrong with a database on disk: files against their checksums, then tables and keys. Empty if it is sound."""
    try:
        content = read_provenance(path)
        problems = list(missing_files(content, sizes_of(path, content)))
        intact = [name for name in content["files"] if not any(problem.startswith(f"{name}:") for problem in problems)]
        changed = [name for name in intact if sha256(within(path, name)) != content["files"][name]["sha256"]]
        problems += [f"{name}: differs from what was written (SHA-256)" for name in changed]
        known = {PROVENANCE, *content["files"]}
        names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if not file.is_dir() or file.is_symlink())
        problems += [f"{name}: was not written with the database" for name in names if name not in known]
        return problems or list(_table_problems(path))
    except DatabaseError as error:
        return [str(error).removeprefix(f"{path}/")]
    except Exception as error:  # there are more databases to check
        return [f"cannot be checked: {type(error).__name__}: {reason(error)}"]


def is_sealed(path: Path) -> bool:
    """Whether the provenance of a database has a checksum of its own; those of earlier versions have none."""
    return CHECKSUM in read_provenance(path)


def _table_problems(path: Path) -> Iterator[str]:
    observed = observe(path)
    for name, table in observed.schema.tables.items():
        yield from _key_problems(name, observed.tables[name], table)
    for child, key, _ in observed.schema.foreign_keys:
        try:
            observed.parent_row(child, key)
        except DatabaseError as error:
            yield str(error).removeprefix(f"{observed.name}: ")


def _key_problems(name: str, frame: pd.DataFrame, table: TableSchema) -> Iterator[str]:
    rows = frame[table.pkey].to_numpy() if table.pkey else np.arange(len(frame))
    wrong = np.flatnonzero(rows != np.arange(len(frame)))
    if wrong.size:
        yield f"{name}.{table.pkey}: is {rows[wrong[0]]} in row {wrong[0]}; rows are numbered 0, 1, 2, ..."


def redraw(path: Path) -> Redrawn:
    """Draw a database again, into a temporary folder, and compare its tables.

    Values are compared to the last bit if the same versions drew them on the same kind of processor; otherwise only numbers of
    rows, keys and types are.
    """
    try:
        return _redraw(path)
    except DatabaseError as error:
        return Redrawn(EXACTLY, [str(error).removeprefix(f"{path}/")])


def _redraw(path: Path) -> Redrawn:
    content, there = read_provenance(path), load(path)
    if there.given or there.by_hand:
        return Redrawn(HAS_GIVEN, [])
    if content.get("program_version") != PROGRAM_VERSION:
        return Redrawn(IS_OLDER, [])
    if content["fingerprint"] != there.prior.fingerprint:
        return Redrawn(EXACTLY, [f"{PROVENANCE}: has fingerprint {content['fingerprint']}, its prior {there.prior.fingerprint}"])
    with temporary_folder() as folder:
        again = folder / path.name
        sample_to(again, there.seed, there.prior)
        here = load(again)
        if _is_comparable(content):
            return Redrawn(EXACTLY, _differences(here, there))
        return Redrawn(ROUGHLY, _rough_differences(here, there))


def _differences(here: Database, there: Database) -> list[str]:
    if here.schema != there.schema:
        return ["its schema is not what its seed draws"]
    return [_difference(name, column) for name, table in here.tables.items() for column in _unequal(here, there, name, table)]


def _rough_differences(here: Database, there: Database) -> list[str]:
    ours, theirs = here.schema, there.schema
    if (ours.window, ours.graph, ours.tables.keys()) != (theirs.window, theirs.graph, theirs.tables.keys()):
        return ["its schema is not what its seed draws"]
    problems = []
    for name, table in ours.tables.items():
        types = theirs.tables[name].columns  # where a column is constant, it is left out
        wrong = [column for column, kind in table.columns.items() if types.get(column, kind) != kind]
        problems += [_difference(name, column) for column in [*_unequal(here, there, name, sorted(table.keys)), *wrong]]
    return problems


def _unequal(here: Database, there: Database, name: str, columns: Iterable[str]) -> list[str]:
    return [column for column in columns if not here.tables[name][column].equals(there.tables[name].get(column))]


def _difference(table: str, column: str) -> str:
    return f"db/{table}.parquet: column {column} is not what the seed draws"


def _is_comparable(content: dict[str, Any]) -> bool:
    """Whether values that are drawn here are the same to the last bit."""
    import jax

    same_versions = all(content.get("versions", {}).get(package) == version(package) for package in PACKAGES)
    here = (jax.default_backend(), platform.machine(), instruction_set())
    return same_versions and here == tuple(content.get(name) for name in ("backend", "machine", "instruction_set"))
