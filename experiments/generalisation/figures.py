"""Draw figures on real tasks against cells seen: ``python -m experiments.generalisation.figures RESULTS FIGURE``."""

import sys
from pathlib import Path

import matplotlib
import pandas as pd

matplotlib.use("svg")
matplotlib.rcParams |= {"svg.hashsalt": "generalisation", "svg.fonttype": "none"}
import matplotlib.pyplot as plt  # noqa: E402

PANELS = {"loss above column means": 0.0, "AUROC": 0.5, "R2": 0.0}  # and what column means have


def main(results: str, out: str) -> None:
    """Draw the mean over tasks, and over seeds, of each figure."""
    lines = pd.read_json(results, lines=True)
    lines["loss above column means"] = lines["loss"] / lines["baseline"] - 1
    sizes = sorted(lines["n_database"].unique())
    figure, panels = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
    for panel, (name, of_means) in zip(panels, PANELS.items(), strict=True):
        if name not in lines:
            continue
        for k, n_database in enumerate(sizes):
            mine = lines[lines["n_database"] == n_database].dropna(subset=[name]).groupby("n_cell")[name].mean()
            color = plt.colormaps["viridis"](0.1 + 0.8 * k / max(1, len(sizes) - 1))
            panel.plot(mine.index, mine, "o-", color=color, label=f"{n_database:,}")
        panel.axhline(of_means, color="0.5", ls=":")
        panel.set(xscale="log", xlabel="cells seen", ylabel=f"{name}, mean of tasks")
    panels[0].legend(title="databases", fontsize=8)
    figure.savefig(Path(out), metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
