"""Batches of contexts from some databases."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int, UInt64

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.cells.contexts.batch import PADDING, Batch
from plurel_prob.rfm.cells.contexts.data import RelationalData
from plurel_prob.rfm.cells.contexts.kernel import below, context_key, fill, new_scratch
from plurel_prob.rfm.cells.contexts.masking import mask_others
from plurel_prob.rfm.cells.contexts.targets import Targets

MIN_SLOT = 4


class ContextSampler:
    """Draws contexts; ``kernel.py`` has the law. A batch is a function of databases, targets and seed, and nothing else.

    Several threads can use one at the same time: they wait for each other only in Python.

    Args:
        databases: in the order of the numbers that targets have.
        context_length: places of a context.
        n_slot: foreign keys of a row that a batch has room for; by default the most of any table, rounded up to a power of two,
            and at least 4.
        n_masked: cells of a context of pretraining that are masked, the target among them; the others are drawn from the numbers
            and booleans of the context, whatever their row, and are predicted from what is left of it.

    Raises:
        DatabaseError: there is no database, or one has more foreign keys than there is room for.
    """

    def __init__(
        self, databases: Sequence[RelationalData], context_length: int = 1024, *, n_slot: int | None = None, n_masked: int = 1
    ):
        if not databases or context_length < 1 or n_masked < 1:
            raise DatabaseError("contexts need a database, a place for a cell, and a masked cell at least")
        n_key = max(data.graph.parent.shape[1] for data in databases)
        if n_slot is not None and n_slot < n_key:
            raise DatabaseError(f"n_slot must be at least {n_key}, the most foreign keys of a table, got {n_slot}")
        self.databases, self.context_length, self.n_masked = tuple(databases), context_length, n_masked
        self.n_slot = n_slot_of(databases) if n_slot is None else n_slot

    def batch(self, targets: Targets, idx: Int[np.ndarray, " context"], seed: int) -> Batch:
        """Contexts of some targets; that of target i depends on i and the seed, not on what else is in the batch.

        Raises:
            DatabaseError: a target has no value.
        """
        chosen = Targets(*(part[idx] for part in targets))
        return self._contexts(chosen, keys(seed, np.asarray(idx)))

    def pretraining_batch(self, seed: int, k: int, batch_size: int) -> Batch:
        """Contexts of the targets that :meth:`draw_targets` draws, and in each other cells that are masked."""
        key = _keys_of_batch(seed, k, batch_size)
        batch = self._contexts(self.draw_targets(seed, k, batch_size), key)
        if self.n_masked > 1:
            mask_others(batch, key, self.n_masked - 1)
        return batch

    def draw_targets(self, seed: int, k: int, batch_size: int) -> Targets:
        """Targets of batch k: a database, one of its columns, and one of the rows, each uniform among those that there are.

        Raises:
            DatabaseError: no database has a column that can be a target.
        """
        has_target = [i for i, data in enumerate(self.databases) if data.target_rows]
        if not has_target:
            raise DatabaseError("no database has a column of numbers or booleans with enough values to be predicted")
        drawn = np.empty((3, batch_size), np.int32)
        for i, key in enumerate(_keys_of_batch(seed, k, batch_size)):
            database = has_target[below(key, 0, len(has_target))]
            columns = list(self.databases[database].target_rows.items())
            column, rows = columns[below(key, 1, len(columns))]
            drawn[:, i] = database, rows[below(key, 2, len(rows))], column
        return Targets(*drawn)

    def _contexts(self, targets: Targets, key: UInt64[np.ndarray, " context"]) -> Batch:
        batch = padding(len(key), self.context_length, self.n_slot)
        row, column, used = targets.row.astype(np.int64), targets.column.astype(np.int64), np.unique(targets.database)
        scratch = new_scratch([self.databases[i].graph for i in used], self.context_length)
        for i in used:
            contexts = np.flatnonzero(targets.database == i)
            fill(self.databases[i].graph, batch, contexts, row, column, key, scratch)
        if (batch.kind[:, 0] == PADDING).any():
            i = int(np.argmin(batch.kind[:, 0]))
            raise DatabaseError(f"{self.databases[targets.database[i]].name}: row {row[i]} has no value of column {column[i]}")
        return batch


def n_slot_of(databases: Sequence[RelationalData], at_least: int = MIN_SLOT) -> int:
    """Most foreign keys of any table, rounded up to a power of two, or ``at_least`` as many."""
    n_key = max(data.graph.parent.shape[1] for data in databases)
    return max(at_least, 1 << (n_key - 1).bit_length())


def keys(seed: int, number: Int[np.ndarray, " context"]) -> UInt64[np.ndarray, " context"]:
    """Keys of the random numbers of contexts."""
    seed_bits = np.uint64(seed % 2**64)
    return np.array([context_key(seed_bits, np.uint64(i)) for i in number.tolist()], np.uint64)


def _keys_of_batch(seed: int, k: int, batch_size: int) -> UInt64[np.ndarray, " context"]:
    return keys(seed, k * batch_size + np.arange(batch_size))


def padding(n_context: int, context_length: int, n_slot: int) -> Batch:
    """A batch without cells."""
    places = (n_context, context_length)
    return Batch(
        kind=np.full(places, PADDING, np.int8),
        value=np.zeros(places, np.float32),
        text=np.zeros(places, np.int32),
        name=np.zeros(places, np.int32),
        column=np.full(places, PADDING, np.int32),
        row=np.full(places, PADDING, np.int32),
        parent=np.full((*places, n_slot), PADDING, np.int32),
        log_odds=np.zeros(places, np.float32),
        is_masked=np.zeros(places, bool),
        masked=np.zeros(places, np.float32),
        mean=np.zeros(n_context, np.float32),
        std=np.ones(n_context, np.float32),
    )
