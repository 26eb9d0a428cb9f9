"""Methods of prediction by name."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from plurel_prob.errors import DatabaseError, shown
from plurel_prob.rfm.evaluation.baselines import boosted_trees, history, mean, ridge
from plurel_prob.rfm.evaluation.contexts import draw_contexts
from plurel_prob.rfm.evaluation.problem import Examples, Prediction, Problem

Method = Callable[[Problem], Prediction]


def averaged(method: Callable[[Examples], Prediction], examples: Examples) -> Prediction:
    """Average what a method predicts from each of the contexts that the network of rows has."""
    return average([method(examples.of(chosen)) for chosen in draw_contexts(examples.time)])


def average(predictions: Sequence[Prediction]) -> Prediction:
    """Means of predictions' means, medians and quantiles."""
    means, medians, quantiles = zip(*predictions, strict=True)
    return Prediction(np.mean(means, 0), *(None if part[0] is None else np.mean(part, 0) for part in (medians, quantiles)))


BASELINES: dict[str, Method] = {
    "mean": mean,
    "history": history,
    "ridge": lambda problem: averaged(ridge, problem.examples),
    "lightgbm": lambda problem: boosted_trees(problem.examples),
    "lightgbm_context": lambda problem: averaged(boosted_trees, problem.examples),
}
CELLS, CELLS_TUNED = "cells", "cells_tuned"


def methods(
    chosen: Sequence[str] = (),
    checkpoint: Path | None = None,
    fine_tuning: int = 0,
    context_length: int | None = None,
    text_encoder: str = "hashed",
    *,
    on_rows: Callable[[int, int], None] | None = None,
) -> dict[str, Method]:
    """Methods by name.

    Args:
        chosen: names; all by default.
        checkpoint: a run of the transformer over cells.
        fine_tuning: steps of training of that transformer on each task's training labels, as a method of its own; 0: none.
        context_length: cells of its contexts; by default as many as in training.
        text_encoder: that it was trained with.
        on_rows: called with the number of rows that a method has predicted, and of all.

    Raises:
        DatabaseError: there is no method of a name, or the run cannot be read.
    """
    found = dict(BASELINES)
    if checkpoint is not None:
        from plurel_prob.rfm.cells.training import load_model
        from plurel_prob.rfm.evaluation.cells import Cells

        run = load_model(checkpoint, text_encoder)
        found[CELLS] = Cells(run, context_length, on_batch=on_rows)
        if fine_tuning:
            found[CELLS_TUNED] = Cells(run, context_length, fine_tuning, on_batch=on_rows)
    for name in chosen:
        if name not in found:
            hint = "it needs --checkpoint" if name == CELLS else f"there are {', '.join(found)}"
            raise DatabaseError(f"--method {shown(name)}: there is no such method; {hint}")
    return {name: found[name] for name in chosen or found}
