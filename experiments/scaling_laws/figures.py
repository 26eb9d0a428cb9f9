"""Draw the loss against databases and against cells, and the laws' exponents with their 89 % intervals.

python -m experiments.scaling_laws.figures RESULTS LAWS FIGURE
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams |= {"svg.hashsalt": "scaling_laws", "svg.fonttype": "none"}
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

from experiments.lines import read_lines  # noqa: E402

PARTS = {"all": "all runs", "best": "best run of each N", "most": "most databases"}


def draw_exponents(panel: Axes, laws: dict) -> None:
    """Draw means and intervals of the exponents of every law."""
    rows = [
        (f"{name[-1].upper()}: {law}, {PARTS[part]}", row)
        for part, found in laws.items()
        for law, posterior in found["posteriors"].items()
        for name, row in posterior.items()
        if name.startswith("exponent")
    ]
    for k, (_, row) in enumerate(rows):
        panel.plot([row["eti89_lb"], row["eti89_ub"]], [k, k], color="0.4")
        panel.plot([row["mean"]], [k], "o", color="0.2")
    panel.set_yticks(range(len(rows)), [label for label, _ in rows], fontsize=8)
    panel.invert_yaxis()
    panel.set_xlabel("exponent")


def main(results: str, laws: str, out: str) -> None:
    """Draw all panels."""
    lines = read_lines(Path(results))
    figure, panels = plt.subplots(1, 3, figsize=(15, 4), layout="constrained")
    panels[1].sharey(panels[0])
    draw_exponents(panels[2], json.loads(Path(laws).read_text(encoding="utf-8")))
    for panel, x, by in zip(panels[:2], ("n_database", "n_cell"), ("n_cell", "n_database"), strict=True):
        values = sorted({line[by] for line in lines})
        for k, value in enumerate(values):
            mine = sorted((line[x], line["validation_loss"]) for line in lines if line[by] == value)
            color = plt.colormaps["viridis"](0.1 + 0.8 * k / max(1, len(values) - 1))
            panel.plot(*zip(*mine, strict=True), "o-", color=color, label=f"{value:,}")
        panel.axhline(lines[0]["validation_baseline"], color="0.5", ls=":", label="column means")
        panel.set_xscale("log")
        panel.set_xlabel("databases" if x == "n_database" else "cells seen")
        panel.legend(title="cells" if by == "n_cell" else "databases", fontsize=8)
    panels[0].set_ylabel("loss on databases held out")
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
