r"""More cells to predict from a context than its target, compiled.

Candidates are the cells of a context that hold a number or a boolean, but for the target, in order of their places. A uniform
subset of ``n_other`` of them (all, if there are no more) is masked: random number :math:`i` chooses the i-th among the candidates
that remain, the last of which takes its place. Random numbers are those of ``kernel.py``, of the key ``mix(key)``.

What is masked is predicted from all that is left of the context. So rows that are later than a cell's own can help to fill it in;
the target alone sees no row later than its own.
"""

from typing import no_type_check

import numpy as np
from numba import njit

from plurel_prob.rfm.cells.contexts.batch import Batch
from plurel_prob.rfm.cells.contexts.kernel import below, mask, mix
from plurel_prob.rfm.columns import BOOLEAN, NUMBER


@njit(cache=True, nogil=True)
@no_type_check
def mask_others(batch: Batch, key: np.ndarray, n_other: int) -> None:
    """Mask other cells of contexts in place."""
    candidate = np.empty(batch.kind.shape[1], np.int64)
    for context in range(len(key)):
        n_candidate = 0
        for place in range(1, batch.kind.shape[1]):
            if batch.kind[context, place] == NUMBER or batch.kind[context, place] == BOOLEAN:
                candidate[n_candidate] = place
                n_candidate += 1
        for i in range(min(n_other, n_candidate)):
            chosen = below(mix(key[context]), i, n_candidate)
            place = candidate[chosen]
            n_candidate -= 1
            candidate[chosen] = candidate[n_candidate]
            mask(batch, context, place)
