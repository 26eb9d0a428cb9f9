"""Print what networks of rows learn of each generator's databases: ``python -m experiments.peer_corpus.rows_table DRAWN REAL``.

DRAWN is what ``peer_corpus.rows`` wrote, REAL what ``generalisation.rows`` did for the same runs. Loss on the tasks that each
generator holds out, mean and standard deviation over seeds; means over real tasks; and differences between corpora on these, with
standard errors over tasks and seeds.
"""

import sys
from itertools import combinations

import numpy as np
import pandas as pd

from experiments.generalisation.rows import UNTRAINED
from experiments.paired import differences
from experiments.real_tasks.table import METRICS, Rows, markdown, two_way_error, with_figures, with_loss


def drawn(path: str) -> Rows:
    """Losses on what each generator holds out."""
    lines = pd.read_json(path, lines=True)
    names = [*lines["losses"][0]]
    rows = [["trained on", *names]]
    for corpus, mine in lines.groupby("corpus", sort=False):
        losses = {name: np.array([of[name]["validation_loss"] for of in mine["losses"]]) for name in names}
        rows.append(
            [corpus, *(f"{loss.mean():.4f} ({loss.std(ddof=1) if len(loss) > 1 else 0:.4f})" for loss in losses.values())]
        )
    return [*rows, ["untrained", *(f"{lines['losses'][0][name]['untrained_loss']:.4f}" for name in names)]]


def read(path: str) -> pd.DataFrame:
    """A row for each run, task and regime, with the corpus and the seed of the run."""
    lines = pd.read_json(path, lines=True)
    lines["task"] = lines["database"] + ", " + lines["task"]
    lines = with_loss(with_figures(lines[["run", "task", "regime"]], lines["figures"]))
    place = lines["run"].str.rsplit("-", n=1, expand=True)
    return lines.assign(corpus=place[0], seed=place[1]).query("run != @UNTRAINED", local_dict={"UNTRAINED": UNTRAINED})


def means(lines: pd.DataFrame) -> Rows:
    """Means over tasks of means over seeds."""
    rows = [["regime", "trained on", *METRICS]]
    for (regime, corpus), mine in lines.groupby(["regime", "corpus"], sort=False):
        tables = [mine.pivot_table(index="task", columns="seed", values=metric) for metric in METRICS]
        rows.append([regime, corpus, *(f"{table.to_numpy().mean():.3f} ± {two_way_error(table):.3f}" for table in tables)])
    return rows


def main(of_drawn: str, of_real: str) -> None:
    """Print all tables."""
    lines = read(of_real)
    pairs = [*combinations(lines["corpus"].unique(), 2)]
    print("\n\n".join(markdown(rows) for rows in (drawn(of_drawn), means(lines), differences(lines, "corpus", pairs))))


if __name__ == "__main__":
    main(*sys.argv[1:])
