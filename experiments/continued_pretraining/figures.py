"""Draw AUROC and R2 of every task, with intervals: ``python -m experiments.continued_pretraining.figures FIGURE RESULTS...``."""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams |= {"svg.hashsalt": "continued_pretraining", "svg.fonttype": "none"}
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

from experiments.continued_pretraining.table import ARMS, BASELINES, read, summary  # noqa: E402

MARKS = {"real": ("#0072b2", "o"), "synthetic": ("#e69f00", "o"), "both": ("#009e73", "o")}
MARKS |= {"history": ("0.5", "|"), "LightGBM": ("0.2", "x")}
LIMITS = {"AUROC": (0, 100, 50), "R2": (-120, 100, 0)}  # of the panel, and what a constant has


def draw(panel: Axes, found: pd.DataFrame, figure: str) -> None:
    """Draw a row a task, and the row of means; intervals go on beyond the panel."""
    low, high, of_constant = LIMITS[figure]
    arms = found.columns.unique(0)
    for k, arm in enumerate(arms):
        color, marker = MARKS[arm]
        height = np.arange(len(found)) + (0.2 * (k - 1) if arm in ARMS else 0.0)
        mean, half = found[arm, "mean"], found[arm, "half"]
        panel.hlines(height, mean - half, mean + half, color=color, lw=1.2)
        panel.plot(mean, height, marker, color=color, ms=4 if arm in ARMS else 8, ls="", label=(ARMS | BASELINES)[arm])
    panel.axvline(of_constant, color="0.6", ls=":")
    panel.axhline(len(found) - 1.5, color="0.8", lw=0.8)
    panel.set(xlim=(low, high), xlabel=f"{figure}, per cent")
    panel.set_yticks(range(len(found)), found.index, fontsize=8)
    panel.invert_yaxis()


def main(out: str, *results: str) -> None:
    """Draw both panels."""
    lines = read(results)
    found = {figure: summary(lines, figure) for figure in LIMITS if figure in lines}
    figure, panels = plt.subplots(1, len(found), figsize=(6 * len(found), 4.5), layout="constrained", squeeze=False)
    for panel, (name, of_figure) in zip(panels[0], found.items(), strict=True):
        draw(panel, of_figure, name)
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=5, fontsize=8)
    figure.savefig(Path(out), metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
