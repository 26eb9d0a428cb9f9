"""Print the tables of results: ``python -m experiments.real_tasks.table REAL [DRAWN]``.

Means over tasks by method, with 95 % intervals over tasks (Student's t); figures of every task; trained networks less untrained
ones, with standard errors over tasks and seeds; coverage of intervals; what was to hold. With drawn tasks, the same of these.
"""

import sys

import numpy as np
import pandas as pd
from scipy.stats import t

METRICS = {"AUROC": 1, "R2": 1, "NMAE": -1}  # 1: higher is better
PROPER = ("log loss", "pinball")  # one of a binary task, the other of a number
LOSS = "log loss or pinball, relative"
COVERAGE = (50, 80, 90)
DISTINCT = 0.5  # of a context's labels: more than these make them mostly distinct
METHODS = (
    "mean",
    "history",
    "ridge",
    "lightgbm",
    "lightgbm_context",
    "rows",
    "rows_network",
    "rows_untrained",
    "plain",
    "plain_untrained",
)
PAIRS = {"rows_network": "rows_untrained", "plain": "plain_untrained"}
TARGETS = {"driver-dnf": ("AUROC", 0.83), "driver-top3": ("AUROC", 0.92), "driver-position": ("NMAE", 0.385)}  # rolling
Rows = list[list[str]]


def read_real(path: str) -> pd.DataFrame:
    """A row for each regime, task, method and seed, a column for each metric."""
    lines = pd.read_json(path, lines=True)
    lines["task"] = lines["database"] + ", " + lines["task"]
    return with_figures(lines[["regime", "task", "method", "seed"]], lines["figures"])


def read_drawn(path: str) -> pd.DataFrame:
    """The same of drawn tasks: priors stand for regimes; R2 of a task is at least -1, as one of few rows can be anything."""
    lines = pd.read_json(path, lines=True).explode("tasks", ignore_index=True)
    lines["task"] = lines["batch"].astype(str) + "." + lines.groupby(["prior", "batch", "method", "seed"]).cumcount().astype(str)
    lines["source"] = lines["tasks"].map(lambda task: f"{task['source']}, {task['kind']}")
    lines = lines.rename(columns={"prior": "regime"})
    lines["distinct"] = lines["tasks"].map(lambda task: task["distinct"])
    names = ["regime", "task", "source", "distinct", "method", "seed"]
    found = with_figures(lines[names], lines["tasks"].map(lambda task: task["figures"]))
    return found.assign(R2=found["R2"].clip(lower=-1))


def with_figures(lines: pd.DataFrame, figures: pd.Series) -> pd.DataFrame:
    """Add a column for each metric."""
    return pd.concat([lines.reset_index(drop=True), pd.DataFrame(figures.tolist())], axis=1)


def interval(values: pd.Series) -> str:
    """Mean over tasks, its interval, and the number of tasks."""
    values = values.dropna()
    if len(values) < 2:
        return f"{values.mean():.3f} ({len(values)})" if len(values) else "-"
    half = t.ppf(0.975, len(values) - 1) * values.std() / len(values) ** 0.5
    return f"{values.mean():.3f} ± {half:.3f} ({len(values)})"


def methods_of(lines: pd.DataFrame) -> list[str]:
    """Methods that have lines, in the order of :data:`METHODS`; others, such as networks without a part, come after."""
    found = lines["method"].unique().tolist()
    return [method for method in METHODS if method in found] + [method for method in found if method not in METHODS]


def means(lines: pd.DataFrame) -> Rows:
    """Means over tasks of means over seeds."""
    names = [*(name for name in METRICS if name in lines), *(f"coverage {percent} %" for percent in COVERAGE)]
    names = [name for name in names if name in lines]
    of_task = lines.groupby(["regime", "method", "task"])[names].mean()
    rows = [["regime or prior", "method", *names]]
    for regime in lines["regime"].unique():
        for method in methods_of(lines):
            if (regime, method) in of_task.index.droplevel(2):
                rows.append([regime, method, *(interval(of_task.loc[regime, method][name]) for name in names)])
    return rows


def calibration(lines: pd.DataFrame) -> Rows:
    """Coverage of drawn tasks of numbers; where labels equal the ends of intervals, these hold more than they say."""
    numbers = lines.dropna(subset=["coverage 50 %"]) if "coverage 50 %" in lines else lines[:0]
    rows = [["prior", "method", "labels", "tasks", *(f"{percent} %" for percent in COVERAGE)]]
    often = np.where(numbers["distinct"] > DISTINCT, "mostly distinct", "often equal")
    for (regime, method, kind), of_kind in numbers.groupby(["regime", "method", often], sort=False):
        found = (f"{100 * of_kind[f'coverage {percent} %'].mean():.1f}" for percent in COVERAGE)
        rows.append([regime, method, kind, str(of_kind["task"].nunique()), *found])
    return rows


def of_tasks(lines: pd.DataFrame) -> Rows:
    """Mean over seeds of every task: AUROC or R2, and NMAE."""
    methods = methods_of(lines)
    rows = [["regime", "task", "metric", *methods]]
    for metric in METRICS:
        if metric in lines:
            found = lines.dropna(subset=[metric]).groupby(["regime", "task", "method"])[metric].mean().unstack()
            for (regime, task), values in found.iterrows():
                rows.append([regime, task, metric, *(f"{values.get(m, np.nan):.3f}".replace("nan", "-") for m in methods)])
    return rows


def two_way_error(difference: pd.DataFrame) -> float:
    r"""Standard error of the mean of a table of tasks by seeds, both of which are random.

    With means over seeds and over tasks, :math:`s_t^2 / T + s_s^2 / S - s_{ts}^2 / TS`, since what is neither of the task nor of
    the seed is in both of the first terms; at least the larger of these.
    """
    n_task, n_seed = difference.shape
    of_task = difference.mean(axis=1).var(ddof=1) / n_task if n_task > 1 else 0.0
    of_seed = difference.mean(axis=0).var(ddof=1) / n_seed if n_seed > 1 else 0.0
    rest = difference.sub(difference.mean(axis=1), axis=0) - difference.mean(axis=0) + difference.to_numpy().mean()
    free = (n_task - 1) * (n_seed - 1)
    of_rest = float(np.square(rest.to_numpy()).sum()) / free / (n_task * n_seed) if free else 0.0
    return float(np.sqrt(max(of_task + of_seed - of_rest, of_task, of_seed)))


def differences(lines: pd.DataFrame) -> Rows:
    """Trained less untrained: mean, standard errors, and tasks on which trained is better."""
    lines = with_loss(lines)
    rows = [["regime or prior", "network", "metric", "trained less untrained", "standard errors", "better on"]]
    for regime, of_regime in lines.groupby("regime", sort=False):
        for trained, untrained in PAIRS.items():
            for metric, sign in (METRICS | {LOSS: -1}).items():
                if metric in of_regime and {trained, untrained} <= set(of_regime["method"]):
                    table = of_regime.pivot_table(index="task", columns=["method", "seed"], values=metric)
                    difference = table[trained].sub(table[untrained].mean(axis=1), axis=0).dropna()
                    if metric == LOSS:
                        difference = np.expm1(difference)
                    mean, error = difference.to_numpy().mean(), two_way_error(difference)
                    better = f"{int((sign * difference.mean(axis=1) > 0).sum())} of {len(difference)}"
                    told = f"{mean:+.4f} ± {error:.4f}"
                    rows.append(
                        [str(regime), trained, metric, told, f"{sign * mean / error:+.1f}" if error > 1e-9 else "-", better]
                    )
    return rows


def with_loss(lines: pd.DataFrame) -> pd.DataFrame:
    """Add the logarithm of the proper score of every task, so that differences are relative and of all tasks."""
    columns = [lines[name] for name in PROPER if name in lines]
    if not columns:
        return lines
    score = columns[0] if len(columns) == 1 else columns[0].fillna(columns[1])
    return lines.assign(**{LOSS: np.log(score)})


def targets(lines: pd.DataFrame) -> list[str]:
    """What was to hold of the predictor, rolling."""
    found = lines[lines["regime"] == "rolling"].groupby(["method", "task"])[list(METRICS)].mean()
    if "rows" not in found.index:
        return []
    rows, told = found.loc["rows"], []
    for task, (metric, least) in TARGETS.items():
        if (name := f"rel-f1, {task}") in rows.index:
            value = rows.loc[name, metric]
            told.append(f"- {task}, {metric}: {value:.3f}, asked for {least}: {holds(METRICS[metric] * (value - least) >= 0)}")
    if "lightgbm_context" in found.index:
        for metric, sign in METRICS.items():
            ours, theirs = rows[metric].mean(), found.loc["lightgbm_context"][metric].mean()
            told.append(
                f"- mean {metric}: {ours:.3f}, LightGBM with the same context {theirs:.3f}: {holds(sign * (ours - theirs) >= 0)}"
            )
    if "lightgbm" in found.index:
        ahead = (rows - found.loc["lightgbm"]).assign(NMAE=lambda frame: -frame["NMAE"])
        n_ahead, n = int((ahead["AUROC"].fillna(ahead["NMAE"]) >= 0).sum()), len(ahead)
        told.append(f"- at least LightGBM with all rows (AUROC, NMAE) on {n_ahead} of {n} tasks: {holds(2 * n_ahead >= n)}")
    return told


def holds(does: bool) -> str:
    """In words."""
    return "holds" if does else "does not hold"


def markdown(rows: Rows) -> str:
    """A table."""
    head, *body = rows
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *body])


def main(real: str, drawn: str | None = None) -> None:
    """Print all tables."""
    lines = read_real(real)
    parts = [markdown(means(lines)), markdown(differences(lines)), "\n".join(targets(lines)), markdown(of_tasks(lines))]
    if drawn is not None:
        lines = read_drawn(drawn)
        parts += [markdown(means(lines)), markdown(differences(lines)), markdown(calibration(lines))]
        of_source = lines.assign(regime=lines["regime"] + ", " + lines["source"])
        parts.append(markdown(means(of_source)))
    print("\n\n".join(parts))


if __name__ == "__main__":
    main(*sys.argv[1:])
