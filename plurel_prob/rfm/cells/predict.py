"""Predictions of a network for the rows of a task."""

from collections.abc import Callable
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Bool, Float64

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.cells.contexts import BOOLEAN, ContextSampler, Vocabulary, task_targets
from plurel_prob.rfm.cells.training import CellsRun
from plurel_prob.rfm.cells.training.config import check_length
from plurel_prob.rfm.cells.training.steps import predictions, prepare
from plurel_prob.rfm.cells.training.texts import TextTable

MIN_CONTEXT = 32  # of a batch; more if devices cannot share them equally


def predict(
    run: CellsRun,
    folder: Path,
    task: str,
    split: str,
    *,
    context_length: int | None = None,
    chosen: Bool[np.ndarray, " target"] | None = None,
    until: str | None = None,
    seed: int = 0,
    on_batch: Callable[[int, int], None] | None = None,
) -> Float64[np.ndarray, " row"]:
    """Predict the labels of a split, those that are there, in RelBench's order: the chance of the positive class, or the value.

    Contexts hold what was known at a row's timestamp, earlier labels of the task included; see
    :func:`plurel_prob.rfm.cells.contexts.task_targets`. Nothing is trained.

    Args:
        run: a trained network.
        folder: of a database in RelBench format.
        task: its name.
        split: ``"train"``, ``"val"`` or ``"test"``.
        context_length: cells of a context; by default as many as in training.
        chosen: which labels of the split, of those that are there; all by default.
        until: split after whose begin nothing is seen, ``"val"`` or ``"test"``; by default each row's context ends at its own
            time.
        seed: of the contexts.
        on_batch: called with the number of rows that are predicted, and of all.

    Raises:
        DatabaseError: the length is no multiple of 32, labels to choose from are not those of the split, or see
            :func:`plurel_prob.rfm.cells.contexts.task_targets`.
    """
    length = context_length or run.config.context_length
    check_length(length)
    vocabulary = Vocabulary()
    database, targets = task_targets(folder, task, split, vocabulary=vocabulary, until=until)
    n = len(targets.row)
    if chosen is not None and len(chosen) != n:
        raise DatabaseError(
            f"{folder}: {abs(len(chosen) - n):,} labels of the split {split} of task {task} are of rows that are not there"
        )
    which = np.arange(n) if chosen is None else np.flatnonzero(chosen)
    sampler = ContextSampler([database], length)
    texts = TextTable(run.encoder, vocabulary)
    network = eqx.filter_jit(predictions)
    n_device = len(jax.devices())
    n, n_context, found = len(which), -(-MIN_CONTEXT // n_device) * n_device, []
    for start in range(0, n, n_context):
        idx = np.minimum(np.arange(start, start + n_context), n - 1)  # the last batch repeats its last row
        batch = sampler.batch(targets, which[idx], seed)
        prepared = prepare(batch, run.config.n_pair)
        raw = np.asarray(network(run.model, prepared.cells, texts.array()), np.float64)
        value = 1 / (1 + np.exp(-raw)) if batch.kind[0, 0] == BOOLEAN else batch.mean + batch.std * raw
        found.append(value[: n - start])
        if on_batch is not None:
            on_batch(min(start + n_context, n), n)
    if not found:
        raise DatabaseError(f"{folder}: task {task} has no labels in the split {split}")
    return np.concatenate(found)
