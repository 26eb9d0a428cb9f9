"""Draw the figures: ``python -m experiments.real_tasks.figures FIGURE REAL``: tasks by method, and coverage, rolling."""

import sys
from pathlib import Path

import matplotlib

from experiments.real_tasks.table import COVERAGE, methods_of, read_real

matplotlib.use("svg")
matplotlib.rcParams |= {"svg.hashsalt": "real_tasks", "svg.fonttype": "none"}
import matplotlib.pyplot as plt  # noqa: E402

PANELS = ("AUROC", "R2", "NMAE")


def main(out: str, real: str) -> None:
    """Draw means over seeds."""
    lines = read_real(real)
    lines = lines[lines["regime"] == "rolling"]
    figure, panels = plt.subplots(1, 4, figsize=(18, 5), layout="constrained")
    methods = methods_of(lines)
    for panel, metric in zip(panels, PANELS, strict=False):
        found = lines.dropna(subset=[metric]).groupby(["task", "method"])[metric].mean().unstack()
        for k, method in enumerate(methods):
            panel.plot(found[method], range(len(found)), "o", color=plt.colormaps["tab10"](k % 10), label=method, alpha=0.7)
        panel.set(xlabel=metric, xlim=(max(-0.3, found.min().min() - 0.02), None))
        panel.set_yticks(range(len(found)), found.index, fontsize=8)
    panels[0].legend(fontsize=7)
    coverage = lines.groupby("method")[[f"coverage {percent} %" for percent in COVERAGE]].mean().dropna()
    for method, values in coverage.iterrows():
        panels[3].plot(COVERAGE, 100 * values, "o-", label=method)
    panels[3].plot([45, 95], [45, 95], ":", color="0.5")
    panels[3].set(xlabel="interval, per cent", ylabel="labels inside, per cent, mean of tasks")
    panels[3].legend(fontsize=7)
    figure.savefig(Path(out), metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
