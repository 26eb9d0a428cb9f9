"""Print means over tasks: ``python -m experiments.generalisation.table RESULTS``.

Loss above that of column means, AUROC and R2 by databases and cells, means over seeds and tasks; then, for the runs that saw the
most cells, how far the loss is above that of column means and above that of the runs that saw the next fewer, with 95 %
intervals (Student's t, over tasks), and the number of tasks on which it is below.
"""

import sys

import numpy as np
import pandas as pd
from scipy.stats import t

FIGURES = ("loss", "AUROC", "R2")


def means(lines: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Means over seeds by task (rows), and by databases and cells (columns)."""
    lines = lines.assign(loss=lines["loss"] / lines["baseline"] - 1).dropna(subset=[figure])
    return lines.groupby(["n_database", "n_cell", "database", "task"])[figure].mean().unstack([0, 1]).sort_index(axis=1)


def interval(values: np.ndarray) -> str:
    """Mean, its interval, and how many values are below zero."""
    mean, n = values.mean(), len(values)
    half = t.ppf(0.975, n - 1) * values.std(ddof=1) / n**0.5 if n > 1 else np.inf
    return f"{mean:+.3f} ({mean - half:+.3f} to {mean + half:+.3f}), {(values < 0).sum()} of {n}"


def rows(header: list[str], body: list[list[str]]) -> str:
    """A table in Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *body])


def main(results: str) -> None:
    """Print the tables."""
    lines = pd.read_json(results, lines=True)
    found = {figure: means(lines, figure) for figure in FIGURES}
    sizes, cells = (sorted(lines[name].unique()) for name in ("n_database", "n_cell"))
    for figure in FIGURES:
        body = [[f"{n}", *(f"{found[figure][n, cell].mean():.3f}" for cell in cells)] for n in sizes]
        print(rows([f"{figure}, N", *(f"{cell / 1e6:.3g} M" for cell in cells)], body), end="\n\n")
    of_most = [(n, found["loss"][n, cells[-1]].to_numpy(), found["loss"][n, cells[-2]].to_numpy()) for n in sizes]
    header = ["N", f"above column means, {cells[-1] / 1e6:.3g} M", f"above {cells[-2] / 1e6:.3g} M"]
    print(rows(header, [[f"{n}", interval(most), interval(most - less)] for n, most, less in of_most]))


if __name__ == "__main__":
    main(*sys.argv[1:])
