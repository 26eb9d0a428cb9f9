"""Print what networks learn from databases of each prior: ``python -m experiments.real_tasks.priors RESULTS [RESULTS ...]``.

A file a prior, named by it, as ``run`` writes them for networks without parts in closed form. Means over tasks of means over
seeds, and differences of each prior from the last one, paired by tasks, with standard errors over tasks and seeds, both random.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.real_tasks.table import LOSS, METRICS, Rows, markdown, read_real, two_way_error, with_loss

SIGNS = METRICS | {LOSS: -1}


def of_prior(lines: pd.DataFrame, metric: str) -> pd.DataFrame:
    """A metric of the plain network by task and seed."""
    return lines[lines["method"] == "plain"].pivot_table(index="task", columns="seed", values=metric)


def means(found: dict[str, pd.DataFrame]) -> Rows:
    """Means over tasks, and the standard error over tasks and seeds."""
    rows = [["trained on", *METRICS]]
    for prior, lines in found.items():
        tables = [of_prior(lines, metric).dropna() for metric in METRICS]
        rows.append([prior, *(f"{table.to_numpy().mean():.3f} ± {two_way_error(table):.3f}" for table in tables)])
    return rows


def differences(found: dict[str, pd.DataFrame]) -> Rows:
    """The last prior less each other one."""
    *others, last = found
    rows = [["less", "metric", f"{last}, less the other", "standard errors", "better on"]]
    for other in others:
        for metric, sign in SIGNS.items():
            difference = (of_prior(found[last], metric) - of_prior(found[other], metric)).dropna(axis=1, how="all").dropna()
            difference = np.expm1(difference) if metric == LOSS else difference
            mean, error = difference.to_numpy().mean(), two_way_error(difference)
            better = f"{int((sign * difference.mean(axis=1) > 0).sum())} of {len(difference)}"
            rows.append([other, metric, f"{mean:+.4f} ± {error:.4f}", f"{sign * mean / error:+.1f}", better])
    return rows


def main(paths: list[str]) -> None:
    """Print both tables."""
    found = {Path(path).stem: with_loss(read_real(path)) for path in paths}
    print("\n\n".join(markdown(rows) for rows in (means(found), differences(found))))


if __name__ == "__main__":
    main(sys.argv[1:])
