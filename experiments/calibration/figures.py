"""Draw ranks, coverage and recovered edges, from the results alone: ``python -m experiments.calibration.figures RESULTS``."""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams |= {"svg.hashsalt": "calibration", "svg.fonttype": "none"}
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from scipy.stats import binom  # noqa: E402

from experiments.calibration.records import ranks  # noqa: E402
from experiments.calibration.summary import INTERVALS, N_BIN, counts  # noqa: E402

COLORS = {
    "infer_schema": "#0072b2",
    "infer_links": "#009e73",
    "infer_graph": "#e69f00",
    "infer_mechanisms": "#cc79a7",
    "infer_database": "#56b4e9",
}
SCALES = {"normal scores": ("#0072b2", "o"), "units of nodes": ("#e69f00", "s")}


def main(folder: str) -> None:
    """Draw the figures next to this file."""
    here, results = Path(__file__).parent, Path(folder)
    table = pd.read_csv(results / "summary.csv")
    save(histograms(ranks(results), table), here / "ranks.svg")
    save(coverage(table), here / "coverage.svg")
    save(recovery(pd.read_csv(results / "recovery_bins.csv")), here / "recovery.svg")


def save(figure: plt.Figure, path: Path) -> None:
    """Write a figure without a date."""
    figure.savefig(path, metadata={"Date": None})


def histograms(ranked: pd.DataFrame, table: pd.DataFrame) -> plt.Figure:
    """Ranks of every quantity, and where 99 % of the bars of uniform ranks are."""
    n_column = 5
    n_row = -(-len(table) // n_column)
    figure, axes = plt.subplots(n_row, n_column, figsize=(12, 1.65 * n_row + 0.4), layout="constrained")
    for panel, row in zip(axes.flat, table.itertuples(), strict=False):
        of_quantity = ranked[(ranked["routine"] == row.routine) & (ranked["quantity"] == row.quantity)]
        low, high = binom.ppf((0.005, 0.995), row.n_repeat, 1 / N_BIN)
        panel.axhspan(low, high, color="#dddddd", lw=0)
        for level, style in ((low, ":"), (row.n_repeat / N_BIN, "-"), (high, ":")):
            panel.axhline(level, color="#444444", lw=0.8, ls=style)
        place = (np.arange(N_BIN) + 0.5) / N_BIN
        panel.bar(place, counts(of_quantity["place"]), 0.085, color=COLORS[row.routine])
        panel.set_title(f"{row.routine}\n{row.quantity}", fontsize=8)
        panel.set_xlim(0, 1)
        panel.set_ylim(0, 1.15 * max(high, counts(of_quantity["place"]).max()))
        panel.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        panel.tick_params(labelsize=7)
    for panel in axes.flat[len(table) :]:
        panel.remove()
    figure.supxlabel("rank of the truth among posterior draws, as a share", fontsize=10)
    figure.supylabel("repeats", fontsize=10)
    return figure


def coverage(table: pd.DataFrame) -> plt.Figure:
    """Share of truths in central intervals, with 95 % confidence intervals."""
    figure, axes = plt.subplots(1, len(INTERVALS), figsize=(10, 0.22 * len(table) + 1), layout="constrained", sharey=True)
    height, color = np.arange(len(table)), table["routine"].map(COLORS)
    for panel, percent in zip(axes, INTERVALS, strict=True):
        name = f"coverage_{percent}"
        panel.axvline(percent / 100, color="#777777", lw=0.8)
        panel.hlines(height, table[f"{name}_low"], table[f"{name}_high"], color=color, lw=1.5)
        panel.scatter(table[name], height, color=color, s=16)
        panel.set_xlabel(f"truths in {percent} % intervals, as a share")
        panel.tick_params(axis="y", left=False)
    labels = [f"{row.routine}: {row.quantity} ({row.n_repeat})" for row in table.itertuples()]
    axes[0].set_yticks(height, labels, fontsize=8)
    axes[0].set_ylim(len(table) - 0.5, -0.5)
    return figure


def recovery(bins: pd.DataFrame) -> plt.Figure:
    """Share of true edges against edge probability, by bins of pairs; numbers are of pairs."""
    figure, axes = plt.subplots(1, len(SCALES), figsize=(8, 4), layout="constrained", sharey=True)
    for panel, (scale, (color, marker)) in zip(axes, SCALES.items(), strict=True):
        of_scale = bins[bins["scale"] == scale]
        panel.plot([0, 1], [0, 1], color="#777777", lw=0.8)
        panel.vlines(of_scale["predicted"], of_scale["true_low"], of_scale["true_high"], color=color, lw=1.5)
        panel.plot(of_scale["predicted"], of_scale["true"], marker, color=color, ms=5)
        for row in of_scale.itertuples():
            is_left = row.predicted > 0.9
            place = (-6 if is_left else 6, -3)
            panel.annotate(f"{row.n_pair}", (row.predicted, row.true), place, textcoords="offset points", fontsize=8)
            panel.texts[-1].set_horizontalalignment("right" if is_left else "left")
        panel.set_title(scale, fontsize=10)
        panel.set_xlim(-0.03, 1.03)
        panel.set_ylim(-0.03, 1.03)
    figure.supxlabel("edge probability, mean of a bin", fontsize=10)
    figure.supylabel("true edges, as a share", fontsize=10)
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:])
