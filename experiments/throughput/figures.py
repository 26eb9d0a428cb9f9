"""Draw cost against size: ``python figures.py results/NAME.json NAME.svg``."""

import json
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "throughput"
import matplotlib.pyplot as plt  # noqa: E402

COLORS = {"plurel": "#0072b2", "compact": "#009e73", "realistic": "#cc79a7", "peer": "#e69f00"}
LABELS = {"plurel": "plurel prior", "compact": "compact prior", "realistic": "realistic prior", "peer": "released generator"}


def main(result: str, path: str) -> None:
    """Draw processor time against rows, tables and cells, and against a multiple of the rows."""
    with open(result, encoding="utf-8") as file:
        content = json.load(file)
    figure, axes = plt.subplots(1, 4, figsize=(14, 3.6), layout="constrained")
    for panel, (size, title) in zip(axes, (("n_row", "rows"), ("n_table", "tables"), ("n_cell", "cells")), strict=False):
        for name in COLORS:
            rows = content["paired"].get(name, [])
            panel.scatter(
                [row[size] for row in rows], [row["cpu_s"] for row in rows], s=12, color=COLORS[name], label=LABELS[name]
            )
        panel.set(yscale="log", xlabel=title, ylabel="CPU-seconds a database")
    axes[0].set_xscale("log")
    axes[2].set_xscale("log")
    axes[0].legend(fontsize=8)
    scales = [int(scale) for scale in content["scaled"]]
    for rows in zip(*content["scaled"].values(), strict=True):
        axes[3].plot(scales, [row["cpu_s"] for row in rows], marker="o", ms=3, color=COLORS["plurel"])
    axes[3].set(xscale="log", yscale="log", xlabel="times the rows (five databases)", ylabel="CPU-seconds a database")
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
