"""Print the tables of results: ``python -m experiments.peer_corpus.table RESULTS REAL``.

Mean and standard deviation over networks of a corpus: loss on what each corpus holds out; means over real tasks of loss above
that of column means, AUROC and R2; then differences of these between corpora, with 95 % intervals of Student's t over tasks.
"""

import sys
from itertools import combinations
from pathlib import Path

import pandas as pd

from experiments.generalisation.table import interval, rows
from experiments.peer_corpus.figures import OF_MEANS, drawn, real


def table(of_network: pd.DataFrame, by: str, values: str, digits: int) -> str:
    """Mean and standard deviation of each corpus (rows) by something (columns)."""
    found = of_network.groupby(["corpus", by], sort=False)[values].agg(["mean", "std"])
    names, columns = (found.index.unique(level).tolist() for level in range(2))
    cells = {place: f"{row['mean']:.{digits}f} ({row['std']:.{digits}f})" for place, row in found.iterrows()}
    return rows(["trained on", *columns], [[name, *(cells[name, column] for column in columns)] for name in names])


def main(results: str, of_real: str) -> None:
    """Print all tables."""
    print(table(drawn(Path(results)), "of", "loss", 4), end="\n\n")
    tasks = real(Path(of_real)).melt(["corpus", "seed", "database", "task"], list(OF_MEANS), "figure").dropna()
    of_network = tasks.groupby(["corpus", "seed", "figure"], sort=False)["value"].mean().reset_index()
    print(table(of_network, "figure", "value", 3), end="\n\n")
    of_task = tasks.groupby(["figure", "corpus", "database", "task"], sort=False)["value"].mean().unstack("corpus")
    body = [
        [f"{a} less {b}", *(interval((of_task.loc[name, a] - of_task.loc[name, b]).to_numpy()) for name in OF_MEANS)]
        for a, b in combinations(of_task.columns, 2)
    ]
    print(rows(["difference", *OF_MEANS], body))


if __name__ == "__main__":
    main(*sys.argv[1:])
