"""Print figures of networks of rows on databases left out.

    python -m experiments.continued_pretraining.rows_table RESULTS REAL

REAL is what ``real_tasks.run`` wrote: its baselines stand beside. Means over seeds of every task; means over tasks; differences
of arms, paired by tasks and seeds, with standard errors over both.
"""

import sys

import pandas as pd

from experiments.continued_pretraining.rows import ARMS
from experiments.paired import differences
from experiments.real_tasks.table import METRICS, Rows, markdown, read_real, with_figures, with_loss

BASELINES = ("history", "ridge", "lightgbm_context", "lightgbm")
PAIRS = (("both", "real"), ("both", "drawn"), ("drawn", "real"))


def read(path: str) -> pd.DataFrame:
    """A row for each task, regime, arm and seed, a column for each metric."""
    rows = []
    for line in pd.read_json(path, lines=True).to_dict("records"):
        for name, figures in line["figures"].items():
            database, task, regime = name.split("; ")
            place = {"task": f"{database}, {task}", "regime": regime, "method": line["arm"], "seed": line["seed"]}
            rows.append(place | {"figures": figures})
    lines = pd.DataFrame(rows)
    return with_loss(with_figures(lines.drop(columns="figures"), lines["figures"]))


def beside(lines: pd.DataFrame, real: str) -> pd.DataFrame:
    """Add the lines of baselines on the same tasks."""
    others = read_real(real)
    others = others[others["method"].isin(BASELINES) & others["task"].isin(lines["task"])]
    return pd.concat([lines, with_loss(others)], ignore_index=True)


def figures(lines: pd.DataFrame, regime: str, metric: str) -> Rows:
    """Means over seeds of each task, and their mean over tasks."""
    mine = lines[lines["regime"] == regime].dropna(subset=[metric])
    found = mine.pivot_table(index="task", columns="method", values=metric)
    found.loc["mean"] = found.mean()
    names = [name for name in (*ARMS, *BASELINES) if name in found]
    return [
        [f"{metric}, {regime}", *names],
        *([task, *(f"{found.loc[task, name]:.3f}" for name in names)] for task in found.index),
    ]


def main(results: str, real: str) -> None:
    """Print all tables."""
    lines = read(results)
    both = beside(lines, real)
    tables = [figures(both, regime, metric) for regime in lines["regime"].unique() for metric in METRICS if metric in both]
    print("\n\n".join(markdown(rows) for rows in [*tables, differences(lines, "method", PAIRS)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
