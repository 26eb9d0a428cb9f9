"""Whether databases are as they were written, and as their seed draws them."""

import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from plurel_prob.corpora.folders import missing_files, read_provenance
from plurel_prob.databases import DatabaseError, TableSchema, load, observe
from plurel_prob.databases.disk import MANIFEST, PROVENANCE, sha256
from plurel_prob.databases.provenance import PACKAGES, instruction_set
from plurel_prob.sampling import sample_to


def databases_in(path: Path) -> list[Path]:
    """Folders of databases: ``path`` itself, or those in it, by seed.

    Raises:
        DatabaseError: there is none.
    """
    if not path.is_dir():
        raise DatabaseError(f"{path}: no such folder")
    if (path / MANIFEST).exists() or (path / PROVENANCE).exists():
        return [path]
    found = [folder for folder in path.glob("plurel-*") if folder.is_dir()]
    if not found:
        raise DatabaseError(f"{path}: has no databases (plurel-0, ...); is it a folder that `plurel-prob sample` wrote into?")
    return sorted(found, key=lambda folder: (len(folder.name), folder.name))


def problems_of(path: Path) -> list[str]:
    """What is wrong with a database on disk: files against their checksums, then tables and keys. Empty if it is sound."""
    try:
        content = read_provenance(path)
        problems = list(missing_files(path, content))
        intact = [name for name in content["files"] if not any(problem.startswith(f"{name}:") for problem in problems)]
        changed = [name for name in intact if sha256(path / name) != content["files"][name]["sha256"]]
        problems += [f"{name}: differs from what was written (SHA-256)" for name in changed]
        known = {PROVENANCE, *content["files"]}
        names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
        problems += [f"{name}: was not written with the database" for name in names if name not in known]
        return problems or list(_table_problems(path))
    except DatabaseError as error:
        return [str(error).removeprefix(f"{path}/")]


def _table_problems(path: Path) -> Iterator[str]:
    observed = observe(path)
    for name, table in observed.schemas.items():
        yield from _key_problems(name, observed.tables[name], table)
    for child, key, _ in observed.foreign_keys:
        try:
            observed.parent_row(child, key)
        except DatabaseError as error:
            yield str(error).removeprefix(f"{observed.name}: ")


def _key_problems(name: str, frame: pd.DataFrame, table: TableSchema) -> Iterator[str]:
    rows = frame[table.pkey].to_numpy() if table.pkey else np.arange(len(frame))
    wrong = np.flatnonzero(rows != np.arange(len(frame)))
    if wrong.size:
        yield f"{name}.{table.pkey}: is {rows[wrong[0]]} in row {wrong[0]}; rows are numbered 0, 1, 2, ..."


def redraw_problems(path: Path, folder: Path) -> list[str]:
    """Draw a database again, into ``folder``, and compare its tables; empty if they are the same.

    Values are compared to the last bit if the same versions drew them on the same kind of processor; otherwise only keys,
    types and numbers of rows are.
    """
    content, there = read_provenance(path), load(path)
    if there.given or there.by_hand:
        return []
    if content["fingerprint"] != there.prior.fingerprint:
        return [f"{PROVENANCE}: drawn by another version of the program (fingerprint {content['fingerprint']})"]
    sample_to(folder / path.name, there.seed, there.prior)
    here, exactly = load(folder / path.name), _is_comparable(content)
    if here.schema != there.schema and exactly:
        return ["its schema is not what its seed draws"]
    return [
        f"db/{name}.parquet: column {column} is not what the seed draws"
        for name, table in here.schema.tables.items()
        for column in here.tables[name]
        if (exactly or column in table.keys) and not here.tables[name][column].equals(there.tables[name].get(column))
    ]


def _is_comparable(content: dict[str, Any]) -> bool:
    """Whether values that are drawn here are the same to the last bit."""
    import jax

    same_versions = all(content["versions"].get(package) == version(package) for package in PACKAGES)
    here = (jax.default_backend(), platform.machine(), instruction_set())
    return same_versions and here == (content["backend"], content["machine"], content["instruction_set"])
