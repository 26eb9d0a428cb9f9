"""What one kind of network does better than another, paired by tasks and seeds."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from experiments.real_tasks.table import LOSS, METRICS, Rows, two_way_error


def differences(lines: pd.DataFrame, kind: str, pairs: Iterable[tuple[str, str]]) -> Rows:
    """One kind less another, by regime and metric, with standard errors over tasks and seeds, both random.

    Args:
        lines: a row for each task, regime, seed and kind, a column for each metric; the loss is a logarithm.
        kind: column of kinds.
        pairs: of kinds.
    """
    rows = [["regime", "less", "metric", "difference", "standard errors", "better on"]]
    for regime, mine in lines.groupby("regime", sort=False):
        for one, other in pairs:
            for metric, sign in (METRICS | {LOSS: -1}).items():
                table = mine.pivot_table(index="task", columns=[kind, "seed"], values=metric)
                difference = (table[one] - table[other]).dropna(axis=1, how="all").dropna()
                difference = np.expm1(difference) if metric == LOSS else difference
                mean, error = difference.to_numpy().mean(), two_way_error(difference)
                better = f"{int((sign * difference.mean(axis=1) > 0).sum())} of {len(difference)}"
                told = f"{mean:+.4f} ± {error:.4f}"
                errors = f"{sign * mean / error:+.1f}" if error > 1e-9 else "-"
                rows.append([str(regime), f"{one} less {other}", metric, told, errors, better])
    return rows
