"""Print figures of networks of rows on real tasks: ``python -m experiments.generalisation.rows_table REAL DRAWN``.

REAL is what ``generalisation.rows`` wrote, DRAWN what ``scaling_laws.rows`` did. By prior, databases and rows seen: the loss
(logarithmic or pinball) over that of the untrained network, AUROC, R2 and NMAE, means over seeds and tasks. Then what the most
databases gain over fewer, with standard errors over tasks; and how well the loss on each prior's held-out tasks goes with that on
real ones, over runs.
"""

import sys

import numpy as np
import pandas as pd

from experiments.generalisation.rows import UNTRAINED
from experiments.real_tasks.table import LOSS, METRICS, Rows, markdown, with_figures, with_loss

RUN = ["prior", "size", "n_database", "n_step", "seed"]
FIGURES = (LOSS, *METRICS)


def read(path: str) -> pd.DataFrame:
    """A row for each run, task and regime: its settings, its metrics, and its loss less that of the untrained network."""
    lines = pd.read_json(path, lines=True)
    lines["task"] = lines["database"] + ", " + lines["task"]
    lines = with_loss(with_figures(lines[["run", "task", "regime"]], lines["figures"]))
    place = ["task", "regime"]
    before = lines[lines["run"] == UNTRAINED].set_index(place)[LOSS]
    lines[LOSS] -= before.loc[pd.MultiIndex.from_frame(lines[place])].to_numpy()
    lines = lines[lines["run"] != UNTRAINED].reset_index(drop=True)
    settings = lines["run"].str.rsplit("-", n=len(RUN) - 1, expand=True).set_axis(RUN, axis=1)
    return pd.concat([lines, settings.astype({name: int for name in RUN[2:]})], axis=1)


def shown(value: float, figure: str) -> str:
    """A loss in per cent."""
    if np.isnan(value):
        return ""
    return f"{100 * np.expm1(value):+.1f} %" if figure == LOSS else f"{value:.3f}"


def grids(lines: pd.DataFrame) -> dict[str, Rows]:
    """A table for each regime, prior, size and figure."""
    found = {}
    for names, mine in lines.groupby(["regime", "prior", "size"], sort=False):
        for figure in FIGURES:
            means = mine.dropna(subset=[figure]).groupby(["n_database", "n_step"])[figure].mean().unstack()
            rows = [["N", *(f"{n:,} steps" for n in means)]]
            rows += [[f"{n:,}", *(shown(value, figure) for value in means.loc[n])] for n in means.index]
            found[", ".join((*names, figure))] = rows
    return found


def gains(lines: pd.DataFrame) -> Rows:
    """Loss with the most databases less that with fewer, at the most steps, by tasks."""
    rows = [["regime", "prior", "most", "fewer", "loss with most, relative", "standard errors", "better on"]]
    most_steps = lines[lines["n_step"] == lines["n_step"].max()]
    for (regime, prior), mine in most_steps.groupby(["regime", "prior"], sort=False):
        by_task = mine.pivot_table(index="task", columns="n_database", values=LOSS)
        *fewer, most = by_task
        for n in fewer:
            difference = (by_task[most] - by_task[n]).dropna()
            mean, error = difference.mean(), difference.std(ddof=1) / len(difference) ** 0.5
            told = f"{100 * np.expm1(mean):+.1f} ± {100 * error:.1f} %"
            better = f"{int((difference < 0).sum())} of {len(difference)}"
            errors = f"{-mean / error:+.1f}" if error > 1e-9 else "-"
            rows.append([regime, prior, f"{most:,}", f"{n:,}", told, errors, better])
    return rows


def correlations(lines: pd.DataFrame, drawn: str) -> Rows:
    """Spearman's correlation, over runs, of the loss on each prior's held-out tasks with the mean loss on real tasks."""
    of_drawn = pd.read_json(drawn, lines=True)
    losses = pd.DataFrame([{prior: found["validation_loss"] for prior, found in row.items()} for row in of_drawn["losses"]])
    priors = [*losses]
    runs = pd.concat([of_drawn[RUN], losses], axis=1).set_index(RUN)
    rows = [["regime", "runs trained on", *(f"loss on {prior}" for prior in priors)]]
    for regime, mine in lines.groupby("regime", sort=False):
        joined = runs.join(mine.groupby(RUN)[LOSS].mean().rename("real"), how="inner")
        for name, some in [("all", joined), *joined.groupby("prior")]:
            rows.append(
                [regime, f"{name} ({len(some)})", *(f"{some[p].corr(some['real'], method='spearman'):.2f}" for p in priors)]
            )
    return rows


def main(real: str, drawn: str) -> None:
    """Print all tables."""
    lines = read(real)
    for name, rows in grids(lines).items():
        print(f"{name}\n\n{markdown(rows)}\n")
    print(f"{markdown(gains(lines))}\n\n{markdown(correlations(lines, drawn))}")


if __name__ == "__main__":
    main(*sys.argv[1:])
