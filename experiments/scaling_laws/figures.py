"""Draw the loss against databases and against cells: ``python experiments/scaling_laws/figures.py RESULTS FIGURE``."""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams |= {"svg.hashsalt": "scaling_laws", "svg.fonttype": "none"}
import matplotlib.pyplot as plt  # noqa: E402


def main(results: str, out: str) -> None:
    """Draw both panels."""
    lines = [json.loads(line) for line in Path(results).read_text().splitlines()]
    figure, panels = plt.subplots(1, 2, figsize=(10, 4), layout="constrained", sharey=True)
    for panel, x, by in zip(panels, ("n_database", "n_cell"), ("n_cell", "n_database"), strict=True):
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
