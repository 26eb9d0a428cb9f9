"""Print the table of results: ``python experiments/continued_pretraining/table.py RESULTS...``.

Means over seeds of AUROC and R2, in per cent, with 95 % intervals of Student's t: of each task, and of means over tasks; beside
them baselines, where there are lines of them.
"""

import sys

import pandas as pd
from scipy.stats import t

ARMS = {"real": "real only", "synthetic": "synthetic only", "both": "synthetic, then real"}
BASELINES = {"history": "history", "LightGBM": "LightGBM"}


def cell(values: pd.Series) -> str:
    """Mean and half-width of the interval."""
    mean, n = 100 * values.mean(), len(values)
    return f"{mean:.1f} ± {100 * t.ppf(0.975, n - 1) * values.std() / n**0.5:.1f}" if n > 1 else f"{mean:.1f}"


def table(lines: pd.DataFrame, figure: str) -> list[str]:
    """Rows of tasks, and of their mean, with a column an arm."""
    mine = lines.dropna(subset=[figure]).assign(arm=lines["run"].str.replace(r"-\d+$", "", regex=True))
    mine["seed"] = mine["seed"].fillna(0)  # baselines have none
    columns = {arm: name for arm, name in (ARMS | BASELINES).items() if (mine["arm"] == arm).any()}
    of_task = mine.groupby(["database", "task", "arm"])[figure].apply(cell).unstack()
    of_all = mine.groupby(["arm", "seed"])[figure].mean().groupby("arm").apply(cell)
    rows = [[f"{database}, {task}", *of_task.loc[(database, task), list(columns)]] for database, task in of_task.index]
    rows.append(["mean", *of_all[list(columns)]])
    head = [[figure, *columns.values()], ["---"] * (1 + len(columns))]
    return ["| " + " | ".join(row) + " |" for row in [*head, *rows]]


def main(*results: str) -> None:
    """Print a table of AUROC, and one of R2."""
    lines = pd.concat([pd.read_json(path, lines=True) for path in results], ignore_index=True)
    for figure in ("AUROC", "R2"):
        if figure in lines:
            print("\n".join(table(lines, figure)), end="\n\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
