"""Draw the loss against databases and against what was seen, and the laws' exponents with their 89 % intervals.

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

from experiments.lines import Line  # noqa: E402
from experiments.scaling_laws.laws import runs_of  # noqa: E402

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
        panel.plot([row["low"], row["high"]], [k, k], color="0.4")
        panel.plot([row["mean"]], [k], "o", color="0.2")
    panel.set_yticks(range(len(rows)), [label for label, _ in rows], fontsize=8)
    panel.invert_yaxis()
    panel.set_xlabel("exponent")


def draw_losses(panels: tuple[Axes, Axes], lines: list[Line], group: str) -> None:
    """Draw the loss of a group of runs against databases, and against what was seen."""
    seen = "cells" if group == "cells" else "rows"
    panels[1].sharey(panels[0])
    for panel, x, by in zip(panels, ("n_database", "n_seen"), ("n_seen", "n_database"), strict=True):
        values = sorted({line[by] for line in lines})
        for k, value in enumerate(values):
            mine = sorted((line[x], line["loss"]) for line in lines if line[by] == value)
            color = plt.colormaps["viridis"](0.1 + 0.8 * k / max(1, len(values) - 1))
            panel.plot(*zip(*mine, strict=True), "o-", color=color, label=f"{value:,}")
        panel.axhline(lines[0]["baseline"], color="0.5", ls=":", label="without training")
        panel.set_xscale("log")
        panel.set_xlabel("databases" if x == "n_database" else f"{seen} seen")
        panel.legend(title=f"{seen} seen" if by == "n_seen" else "databases", fontsize=8)
    panels[0].set_ylabel("loss on databases held out")
    panels[0].set_title(group, loc="left")


def main(results: str, laws: str, out: str) -> None:
    """Draw three panels for each group of runs."""
    groups, of_laws = runs_of(Path(results)), json.loads(Path(laws).read_text(encoding="utf-8"))
    size = (15, 4 * len(groups))
    figure, panels = plt.subplots(len(groups), 3, figsize=size, layout="constrained", squeeze=False)
    for (group, lines), (by_n, by_seen, exponents) in zip(groups.items(), panels, strict=True):
        draw_losses((by_n, by_seen), lines, group)
        draw_exponents(exponents, of_laws.get(group, {}))
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
