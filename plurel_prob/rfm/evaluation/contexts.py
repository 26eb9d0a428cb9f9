"""Contexts: samples of labelled rows from which others are predicted."""

import numpy as np
from jaxtyping import Int64

N_ROW, N_CONTEXT = 800, 8  # labelled rows of a context, and contexts whose predictions are averaged


def draw_contexts(
    time: Int64[np.ndarray, " label"], *, n_row: int = N_ROW, n_context: int = N_CONTEXT, seed: int = 0
) -> list[Int64[np.ndarray, " chosen"]]:
    """Draw samples of labelled rows, uniformly and without replacement; one of all rows where there are no more.

    Args:
        time: of every labelled row.
        n_row: of a context, at most.
        n_context: how many.
        seed: of the draws.

    Returns:
        Positions of each context's rows, in order of time.
    """
    by_time = np.argsort(time, kind="stable")
    if len(time) <= n_row:
        return [by_time]
    rng = np.random.default_rng(seed)
    return [by_time[np.sort(rng.choice(len(time), n_row, replace=False))] for _ in range(n_context)]
