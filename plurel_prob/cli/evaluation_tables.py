"""Tables of how well methods predict."""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rich.table import Table

from plurel_prob.cli.output import new_table

if TYPE_CHECKING:
    from plurel_prob.rfm.evaluation import Evaluation, Figure
else:
    Evaluation = Figure = Any  # they import JAX

MEANS = ("AUROC", "NMAE", "R2")  # that there are means of over tasks, and intervals
COVERAGE = ("coverage 50 %", "coverage 80 %", "coverage 90 %")  # share of rows inside; they are one column


def table_of(database: str, evaluations: Sequence[Evaluation]) -> Table:
    """How well methods predict one task, split and regime: a row for each method, a column for each metric."""
    first, n = evaluations[0], evaluations[0].counts
    sampled = "" if n.n_row == n.n_of else f" of {n.n_of:,}, drawn at random"
    positive = "" if n.n_positive is None else f" ({n.n_positive:,} positive)"
    counts = f"{n.n_row:,} rows{sampled}{positive} of {n.n_entity:,} entities; {n.n_known:,} labels were known before"
    metrics = [metric for metric in dict.fromkeys(m for e in evaluations for m in e.figures) if metric not in COVERAGE]
    coverage = ["inside 50/80/90%"] if any(COVERAGE[0] in e.figures for e in evaluations) else []
    title = f"{database}, {first.task}, {first.split}, {first.regime}: {counts}"
    table = new_table("method", numbers=(*metrics, *coverage, "seconds"), title=title)
    for evaluation in evaluations:
        figures = [figure_of(evaluation.figures.get(metric), metric in MEANS) for metric in metrics]
        inside = "/".join(f"{100 * evaluation.figures[name].value:.0f}" for name in COVERAGE if name in evaluation.figures)
        table.add_row(evaluation.method, *figures, *([inside or "-"] if coverage else []), f"{evaluation.seconds:.1f}")
    return table


def means_of(evaluations: Sequence[Evaluation]) -> Table:
    """Means over tasks: a row for each method, split and regime, a column for each metric."""
    found: dict[tuple[str, str, str], dict[str, list[float]]] = {}
    for evaluation in evaluations:
        of_method = found.setdefault((evaluation.split, evaluation.regime, evaluation.method), {})
        for metric in MEANS:
            if metric in evaluation.figures:
                of_method.setdefault(metric, []).append(evaluation.figures[metric].value)
    metrics = [metric for metric in MEANS if any(metric in of_method for of_method in found.values())]
    table = new_table("split", "regime", "method", numbers=tuple(metrics), title="Means over tasks; in parentheses, their number")
    for place, of_method in found.items():
        table.add_row(*place, *(mean_of(of_method.get(metric, [])) for metric in metrics))
    return table


def figure_of(figure: Figure | None, with_interval: bool) -> str:
    """A value and its interval; a dash where there is none."""
    if figure is None or not math.isfinite(figure.value):
        return "-"
    return f"{figure.value:.3f}" + (f" ({figure.low:.2f}, {figure.high:.2f})" if with_interval else "")


def mean_of(values: Sequence[float]) -> str:
    """Mean of what is defined, and of how many tasks."""
    defined = [value for value in values if math.isfinite(value)]
    return f"{fmean(defined):.3f} ({len(defined)})" if defined else "-"
