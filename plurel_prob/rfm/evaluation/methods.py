"""Methods of prediction by name."""

from collections.abc import Callable, Sequence
from pathlib import Path

from plurel_prob.errors import DatabaseError, shown
from plurel_prob.rfm.evaluation.baselines import boosted_trees, history, mean, ridge
from plurel_prob.rfm.evaluation.contexts import averaged
from plurel_prob.rfm.evaluation.problem import Prediction, Problem
from plurel_prob.rfm.rows.weights import WEIGHTS

Method = Callable[[Problem], Prediction]
OnRows = Callable[[int, int], None]

BASELINES: dict[str, Method] = {
    "mean": mean,
    "history": history,
    "ridge": lambda problem: averaged(ridge, problem.labelled, problem.query),
    "lightgbm": lambda problem: boosted_trees(problem.labelled, problem.query),
    "lightgbm_context": lambda problem: averaged(boosted_trees, problem.labelled, problem.query),
}
CELLS, CELLS_TUNED = "cells", "cells_tuned"


def methods(
    chosen: Sequence[str] = (),
    checkpoint: Path | None = None,
    fine_tuning: int = 0,
    context_length: int | None = None,
    text_encoder: str = "hashed",
    *,
    on_rows: OnRows = lambda n, of: None,
) -> dict[str, Method]:
    """Methods by name: baselines; the learner of rows, its network alone, and such a network untrained; the network of cells.

    Args:
        chosen: names; all by default.
        checkpoint: a run or a file of weights of the network of rows, which stands for the package's, or a run of that of cells.
        fine_tuning: steps of training of the network of cells on each task's training labels, as another method; 0: none.
        context_length: cells of its contexts; by default as many as in training.
        text_encoder: that it was trained with.
        on_rows: called with the number of rows that a method has predicted, and of all.

    Raises:
        DatabaseError: there is no method of a name, or the checkpoint cannot be read.
    """
    is_cells = is_run_of_cells(checkpoint)
    found = BASELINES | _of_rows(None if is_cells else checkpoint, on_rows)
    if checkpoint is not None and is_cells:
        from plurel_prob.rfm.cells.training import load_model
        from plurel_prob.rfm.evaluation.cells import CellsMethod

        run = load_model(checkpoint, text_encoder)
        found[CELLS] = CellsMethod(run, context_length, on_batch=on_rows)
        if fine_tuning:
            found[CELLS_TUNED] = CellsMethod(run, context_length, fine_tuning, on_batch=on_rows)
    for name in chosen:
        if name not in found:
            hint = "it needs --checkpoint, of a network of cells" if name == CELLS else f"there are {', '.join(found)}"
            raise DatabaseError(f"--method {shown(name)}: there is no such method; {hint}")
    return {name: found[name] for name in chosen or found}


def is_run_of_cells(checkpoint: Path | None) -> bool:
    """Whether a checkpoint is a run of the network of cells."""
    return checkpoint is not None and not checkpoint.is_file() and not (checkpoint / WEIGHTS).is_file()


def _of_rows(checkpoint: Path | None, on_rows: OnRows) -> dict[str, Method]:
    from plurel_prob.rfm.evaluation.rows import RowsMethod, networks

    weights = checkpoint / WEIGHTS if checkpoint is not None and checkpoint.is_dir() else checkpoint
    trained, untrained = networks(weights)
    return {
        "rows": RowsMethod(trained, "all", on_rows),
        "rows_network": RowsMethod(trained, "network", on_rows),
        "rows_untrained": RowsMethod(untrained, "network", on_rows),
    }
