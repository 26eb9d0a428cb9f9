"""Print the table of results: ``python -m experiments.continued_pretraining.table RESULTS...``.

Means over seeds of AUROC and R2, in per cent, with 95 % intervals of Student's t: of each task, and of means over tasks; beside
them baselines, where there are lines of them.
"""

import sys

import pandas as pd
from scipy.stats import t

ARMS = {"real": "real only", "synthetic": "synthetic only", "both": "synthetic, then real"}
BASELINES = {"history": "history", "LightGBM": "LightGBM"}
MEAN = "mean"  # the row of means over tasks


def read(results: tuple[str, ...]) -> pd.DataFrame:
    """Lines of all files, with the arm and the seed of each run; baselines have one seed."""
    lines = pd.concat([pd.read_json(path, lines=True) for path in results], ignore_index=True)
    return lines.assign(arm=lines["run"].str.replace(r"-\d+$", "", regex=True), seed=lines["seed"].fillna(0))


def interval(values: pd.Series) -> pd.Series:
    """Mean over seeds, and half-width of its interval (NaN if there is one seed), in per cent."""
    n = len(values)
    half = t.ppf(0.975, n - 1) * values.std() / n**0.5 if n > 1 else float("nan")
    return pd.Series({"mean": 100 * values.mean(), "half": 100 * half})


def summary(lines: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Means and half-widths of AUROC or R2 by task (rows, that of means over tasks last) and arm (columns)."""
    mine = lines[lines["arm"].isin(ARMS | BASELINES)].dropna(subset=[figure])
    mine = mine.assign(row=mine["database"] + ", " + mine["task"])
    of_task = mine.groupby(["row", "arm"])[figure].apply(interval).unstack([1, 2])
    of_seed = mine.groupby(["arm", "seed"])[figure].mean()
    of_task.loc[MEAN] = of_seed.groupby("arm").apply(interval)
    return of_task[[arm for arm in ARMS | BASELINES if arm in of_task]]


def table(found: pd.DataFrame, figure: str) -> list[str]:
    """The summary in Markdown."""
    arms = found.columns.unique(0)
    half = found.xs("half", axis=1, level=1).map(lambda value: "" if pd.isna(value) else f" ± {value:.1f}")
    shown = found.xs("mean", axis=1, level=1).map("{:.1f}".format) + half
    head = [[figure, *(name for arm, name in (ARMS | BASELINES).items() if arm in arms)], ["---"] * (1 + len(arms))]
    rows = [[name, *shown.loc[name, arms]] for name in shown.index]
    return ["| " + " | ".join(row) + " |" for row in [*head, *rows]]


def main(*results: str) -> None:
    """Print a table of AUROC, and one of R2."""
    lines = read(results)
    for figure in ("AUROC", "R2"):
        if figure in lines:
            print("\n".join(table(summary(lines, figure), figure)), end="\n\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
