"""What foreign keys look like: children a parent, and which blocks of rows refer to which."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from plurel_prob.databases import Database
from plurel_prob.errors import DatabaseError
from plurel_prob.reports.subject import Subject

N_GROUP = 24  # of rows, where there are no blocks


@dataclass(frozen=True)
class Level:
    """A level of a key's block model.

    Attributes:
        n_child: children by parent's block and child's block.
        affinity: of the same pairs.
    """

    n_child: np.ndarray
    affinity: np.ndarray


def children_of(database: Database, child: str, key: str) -> np.ndarray:
    """Number of children of every parent row."""
    row = database.parent_row(child, key)
    return np.bincount(row[row >= 0], minlength=len(database.tables[database.schema.tables[child].fkeys[key]]))


def blocks_of(n_row: int, n_cluster: np.ndarray) -> np.ndarray:
    """Block of every row on every level, shape (level, row): base clusters are contiguous runs, level 0 the most significant."""
    n_base = int(np.prod(n_cluster))
    base = np.minimum(np.arange(n_row) // max(1, -(-n_row // n_base)), n_base - 1)
    return np.stack(np.unravel_index(base, tuple(int(n) for n in n_cluster)))


def levels_of(subject: Subject, child: str, key: str) -> list[Level]:
    """Levels of a key's block model; none if there are no latents."""
    latents: Any = subject.latents_of(child)
    if latents is None or "foreign_key" not in latents.coords or key not in latents.foreign_key.values:
        return []
    link = latents.sel(foreign_key=key)
    n_level, row = int(link.n_level), subject.database.parent_row(child, key)
    n_parent_cluster, n_child_cluster = link.n_parent_cluster.to_numpy()[:n_level], link.n_child_cluster.to_numpy()[:n_level]
    of_parent = blocks_of(subject.schemas[subject.schemas[child].fkeys[key]].n_row, n_parent_cluster)
    of_child, is_there = blocks_of(len(row), n_child_cluster), row >= 0
    result = []
    for level, (n_z, n_w) in enumerate(zip(n_parent_cluster, n_child_cluster, strict=True)):
        n_child = np.zeros((int(n_z), int(n_w)), np.int64)
        np.add.at(n_child, (of_parent[level, row[is_there]], of_child[level, is_there]), 1)
        result.append(Level(n_child, link.affinity.to_numpy()[level, : int(n_z), : int(n_w)]))
    return result


def by_degree(database: Database, child: str, key: str) -> np.ndarray:
    """Children by group of parents and group of children: parents with the most children first, children in row order."""
    row = database.parent_row(child, key)
    degree = children_of(database, child, key)
    rank = np.empty(len(degree), np.int64)
    rank[np.argsort(-degree, kind="stable")] = np.arange(len(degree))
    n_parent, n_child = min(N_GROUP, len(degree)), min(N_GROUP, len(row))
    count, place = np.zeros((n_parent, n_child), np.int64), np.flatnonzero(row >= 0)
    np.add.at(count, (rank[row[place]] * n_parent // max(len(degree), 1), place * n_child // max(len(row), 1)), 1)
    return count


def check_key(database: Database, child: str, key: str) -> str:
    """Return the parent table of a key.

    Raises:
        DatabaseError: there is no such key, or its parent is no table.
    """
    database.parent_row(child, key)
    parent = database.schema.tables[child].fkeys[key]
    if parent not in database.tables:
        raise DatabaseError(f"{database.name}: {child}.{key} refers to {parent}, which is no table")
    return parent
