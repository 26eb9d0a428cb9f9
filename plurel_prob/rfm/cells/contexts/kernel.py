r"""The walk that makes a context, compiled.

A context has a target cell, of a row :math:`r`. It sees a row if the row's time is at most :math:`T`, the time as of which
:math:`r` is predicted. Rows enter once, each at a depth:

1. :math:`r` enters at depth 0.
2. Parents first: when a row of depth :math:`d` enters, the rows that it refers to, by its foreign keys in their order, join the
   end of a queue, with depth :math:`d + 1`. As long as the queue has rows, its first leaves it and enters.
3. When the queue is empty, a candidate of depth :math:`d + 1` enters, each that remains with the same chance. Candidates are
   children of rows of depth :math:`d`, all that :math:`T` allows or, of a row with more than 128, a uniform subset of 128.
4. When no candidate remains, those of the next depth are drawn, from the rows of depth :math:`d + 1` in order of entry.

Rows that :math:`T` forbids or that have entered before are passed over. A child of two rows is a candidate twice. The walk ends
when the context is full, when nothing is left, or after as many rows as the context has places (a row can be without cells).

A row's cells are those that have a value, in order of columns; in the target's row the target, without its value, comes before
the others. The last row gives the first of its cells that have a place. A column that is a task's label is left out in other
rows, unless they are before :math:`T` and in a split whose labels are known.

Random numbers are counted: number :math:`i` of context :math:`c` is ``mix(key + (i + 1) * GOLDEN)``, SplitMix64's, with ``key =
mix(mix(seed) + c)``; the integer below n that comes of it is its upper half times n, over 2^32. Numbers 0 to 2 choose the target
where targets are drawn, the walk has the others: one for each candidate that is chosen, 128 for a subset (a partial
Fisher-Yates shuffle).
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float32, Int8, Int32, Int64
from numba import njit

from plurel_prob.rfm.cells.contexts.batch import PADDING, Batch
from plurel_prob.rfm.columns import BOOLEAN

MAX_CHILD = 128  # children of a row that become candidates
N_TARGET_DRAW = 3  # random numbers that choose a target: its database, column and row
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class RowGraph(NamedTuple):
    """Rows of all tables of a database, their links and their cells, in one numbering of rows and one of columns.

    Attributes:
        time: from when on a row is seen, in microseconds since 1970.
        as_of: last time that contexts of targets in the row see.
        parent: rows that a row refers to, a foreign key a slot; -1: none.
        child: rows that refer to row r, in order of time: those from ``child_start[r]`` up to ``child_start[r + 1]``.
        cell_column: column of a cell; row r has the cells from ``cell_start[r]`` up to ``cell_start[r + 1]``.
        value: normalised, 0 for a text.
        text: id of a text, 0 otherwise.
        kind: of a column.
        name: id of a column's name.
        mean: of a column.
        std: of a column.
        log_odds: of the rate of a column of booleans, 0 for others.
        label: column that is seen in rows before the target's only, -1: none.
        label_until: last time of rows where it is seen.
    """

    time: Int64[np.ndarray, " row"]
    as_of: Int64[np.ndarray, " row"]
    parent: Int32[np.ndarray, "row slot"]
    child_start: Int64[np.ndarray, " row+1"]
    child: Int32[np.ndarray, " link"]
    cell_start: Int64[np.ndarray, " row+1"]
    cell_column: Int32[np.ndarray, " cell"]
    value: Float32[np.ndarray, " cell"]
    text: Int32[np.ndarray, " cell"]
    kind: Int8[np.ndarray, " column"]
    name: Int32[np.ndarray, " column"]
    mean: Float32[np.ndarray, " column"]
    std: Float32[np.ndarray, " column"]
    log_odds: Float32[np.ndarray, " column"]
    label: int
    label_until: int


class Scratch(NamedTuple):
    """Memory of the walks of a batch.

    Attributes:
        entered_in: context, counted from 1, that a row entered last.
        number: of the row there; -1: it has no cells.
        entered: rows of the context.
        depth: of these rows.
        queue: parents that are to enter.
        queue_depth: their depths.
        candidate: children that may enter.
        order: 0, 1, 2, ..., up to the most children of a row.
        swap: places in it that were exchanged.
    """

    entered_in: Int32[np.ndarray, " row"]
    number: Int32[np.ndarray, " row"]
    entered: Int32[np.ndarray, " token"]
    depth: Int32[np.ndarray, " token"]
    queue: Int32[np.ndarray, " queued"]
    queue_depth: Int32[np.ndarray, " queued"]
    candidate: Int32[np.ndarray, " candidate"]
    order: Int32[np.ndarray, " child"]
    swap: Int32[np.ndarray, " swap"]


def new_scratch(graphs: list[RowGraph], context_length: int) -> Scratch:
    """Reserve memory for contexts of any of some databases."""
    n_row = max(len(graph.time) for graph in graphs)
    n_child = max(int(np.diff(graph.child_start).max(initial=0)) for graph in graphs)
    n_queued = 1 + max(graph.parent.shape[1] for graph in graphs)
    return Scratch(
        entered_in=np.zeros(n_row, np.int32),
        number=np.zeros(n_row, np.int32),
        entered=np.zeros(context_length, np.int32),
        depth=np.zeros(context_length, np.int32),
        queue=np.empty(n_queued * context_length, np.int32),
        queue_depth=np.empty(n_queued * context_length, np.int32),
        candidate=np.empty(MAX_CHILD * context_length, np.int32),
        order=np.arange(n_child, dtype=np.int32),
        swap=np.empty(MAX_CHILD, np.int32),
    )


@njit(cache=True, nogil=True)
@no_type_check
def mix(x: np.uint64) -> np.uint64:
    """SplitMix64's finaliser."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
@no_type_check
def context_key(seed: np.uint64, number: np.uint64) -> np.uint64:
    """Key of a context's random numbers."""
    return mix(mix(seed) + number)


@njit(cache=True, nogil=True)
@no_type_check
def below(key: np.uint64, draw: int, n: int) -> int:
    """Random number ``draw``, an integer from 0 to n - 1."""
    bits = mix(key + np.uint64(draw + 1) * GOLDEN)
    return np.int64(((bits >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@njit(nogil=True)
@no_type_check
def _add_candidates(
    graph: RowGraph, scratch: Scratch, row: int, as_of: int, key: np.uint64, draw: int, n_candidate: int
) -> tuple[int, int]:
    """Add children of a row to the candidates; give the next random number's index, and how many candidates there are."""
    first, low, high = graph.child_start[row], graph.child_start[row], graph.child_start[row + 1]
    while low < high:
        middle = (low + high) // 2
        if graph.time[graph.child[middle]] <= as_of:
            low = middle + 1
        else:
            high = middle
    n_child = low - first
    if n_child <= MAX_CHILD:
        for i in range(n_child):
            scratch.candidate[n_candidate + i] = graph.child[first + i]
        return draw, n_candidate + n_child
    order, swap = scratch.order, scratch.swap
    for i in range(MAX_CHILD):
        swap[i] = i + below(key, draw + i, n_child - i)
        order[i], order[swap[i]] = order[swap[i]], order[i]
        scratch.candidate[n_candidate + i] = graph.child[first + order[i]]
    for i in range(MAX_CHILD - 1, -1, -1):
        order[i], order[swap[i]] = order[swap[i]], order[i]
    return draw + MAX_CHILD, n_candidate + MAX_CHILD


@njit(nogil=True)
@no_type_check
def _write_row(graph: RowGraph, batch: Batch, context: int, place: int, row: int, number: int, shown: int, hidden: int) -> int:
    """Write a row's cells, or those of one column only, but for those of a hidden column; give the next free place."""
    for cell in range(graph.cell_start[row], graph.cell_start[row + 1]):
        column = graph.cell_column[cell]
        if place == batch.kind.shape[1]:
            break
        if column != hidden and (shown < 0 or column == shown):
            batch.kind[context, place] = graph.kind[column]
            batch.value[context, place] = graph.value[cell]
            batch.text[context, place] = graph.text[cell]
            batch.name[context, place] = graph.name[column]
            batch.column[context, place] = column
            batch.row[context, place] = number
            batch.log_odds[context, place] = graph.log_odds[column]
            place += 1
    return place


@njit(cache=True, nogil=True)
@no_type_check
def mask(batch: Batch, context: int, place: int) -> None:
    """Move a cell's value to where those are that are to be predicted."""
    value = batch.value[context, place]
    if batch.kind[context, place] == BOOLEAN:  # normalised, true is above 0
        value = np.float32(value > 0)
    batch.is_masked[context, place], batch.masked[context, place] = True, value
    batch.value[context, place], batch.text[context, place] = 0, 0


@njit(nogil=True)
@no_type_check
def _mask_target(graph: RowGraph, batch: Batch, context: int, column: int) -> None:
    """Mask the first cell, and say what its value means."""
    mask(batch, context, 0)
    batch.mean[context], batch.std[context] = graph.mean[column], graph.std[column]
    if graph.kind[column] == BOOLEAN:
        batch.mean[context], batch.std[context] = 0, 1


@njit(nogil=True)
@no_type_check
def _write_parents(graph: RowGraph, batch: Batch, context: int, n_token: int, scratch: Scratch, stamp: int) -> None:
    """Write the numbers of the rows that the rows of the context refer to."""
    token = 0
    for i in range(len(scratch.entered)):
        row = scratch.entered[i]
        while token < n_token and batch.row[context, token] == scratch.number[row]:
            for slot in range(graph.parent.shape[1]):
                parent = graph.parent[row, slot]
                if parent >= 0 and scratch.entered_in[parent] == stamp:
                    batch.parent[context, token, slot] = scratch.number[parent]
            token += 1
        if token == n_token:
            break


@njit(nogil=True)
@no_type_check
def _fill(
    graph: RowGraph, batch: Batch, context: int, target: int, column: int, key: np.uint64, scratch: Scratch, stamp: int
) -> None:
    """Fill one context; see the top of this file."""
    n_place, as_of, draw = batch.kind.shape[1], graph.as_of[target], N_TARGET_DRAW
    _write_row(graph, batch, context, 0, target, 0, column, -1)
    _mask_target(graph, batch, context, column)
    n_token, n_entered, n_row, first, n_queued, n_candidate, depth, max_depth = 1, 0, 0, 0, 1, 0, -1, 0
    scratch.queue[0], scratch.queue_depth[0] = target, 0
    while n_entered == 0 or max(n_token, n_entered) < n_place:
        if first < n_queued:
            row, row_depth = np.int64(scratch.queue[first]), np.int64(scratch.queue_depth[first])
            first += 1
        elif n_candidate > 0:
            chosen = below(key, draw, n_candidate)
            row, row_depth = np.int64(scratch.candidate[chosen]), depth + 1
            draw, n_candidate = draw + 1, n_candidate - 1
            scratch.candidate[chosen] = scratch.candidate[n_candidate]
        elif depth < max_depth:
            depth += 1
            for i in range(n_entered):
                if scratch.depth[i] == depth:
                    row = np.int64(scratch.entered[i])
                    draw, n_candidate = _add_candidates(graph, scratch, row, as_of, key, draw, n_candidate)
            continue
        else:
            break
        if scratch.entered_in[row] == stamp:
            continue
        scratch.entered_in[row], scratch.entered[n_entered], scratch.depth[n_entered] = stamp, row, row_depth
        n_entered, max_depth = n_entered + 1, max(max_depth, row_depth)
        is_unknown = graph.time[row] >= as_of or graph.time[row] > graph.label_until
        hidden = column if row == target else graph.label if is_unknown else -1
        end = _write_row(graph, batch, context, n_token, row, n_row, -1, hidden)
        scratch.number[row] = n_row if end > n_token or row == target else PADDING
        n_row, n_token = n_row + (scratch.number[row] >= 0), end
        if first == n_queued:
            first, n_queued = 0, 0
        for slot in range(graph.parent.shape[1]):
            parent = graph.parent[row, slot]
            if parent >= 0 and graph.time[parent] <= as_of and scratch.entered_in[parent] != stamp:
                scratch.queue[n_queued], scratch.queue_depth[n_queued] = parent, row_depth + 1
                n_queued += 1
    _write_parents(graph, batch, context, n_token, scratch, stamp)


@njit(cache=True, nogil=True)
@no_type_check
def fill(
    graph: RowGraph,
    batch: Batch,
    contexts: Int64[np.ndarray, " chosen"],
    row: Int64[np.ndarray, " context"],
    column: Int64[np.ndarray, " context"],
    key: np.ndarray,
    scratch: Scratch,
) -> None:
    """Fill some contexts of a batch, all of one database; a batch that is given is all padding."""
    for context in contexts:
        _fill(graph, batch, context, row[context], column[context], key[context], scratch, context + 1)
