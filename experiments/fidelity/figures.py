"""Draw the worst statistics side by side: ``python figures.py OURS.parquet REFERENCE.parquet results/NAME.json NAME.svg``."""

import json
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "fidelity"
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from run import within_limit  # noqa: E402

N_PANEL = 12


def main(ours: str, reference: str, result: str, path: str) -> None:
    """Draw the empirical distribution functions of the worst statistics."""
    with open(result, encoding="utf-8") as file:
        content = json.load(file)
    tables = {
        "PluRel-Prob": within_limit(pd.read_parquet(ours)),
        "reference": within_limit(pd.read_parquet(reference)),
    }
    figure, axes = plt.subplots(3, 4, figsize=(12, 7), layout="constrained", sharey=True)
    for panel, (name, row) in zip(axes.flat, list(content["statistics"].items())[:N_PANEL], strict=True):
        for (label, table), color in zip(tables.items(), ("#0072b2", "#e69f00"), strict=True):
            values = np.sort(table[name].dropna())
            panel.step(values, (np.arange(len(values)) + 1) / len(values), color=color, label=label)
        panel.set_title(f"{name} (KS {row['distance']:.2f})", fontsize=9)
    axes.flat[0].legend(fontsize=8)
    figure.supylabel("share of databases")
    figure.suptitle(f"The {N_PANEL} statistics that differ most; a forest's AUC is {content['auc']:.2f}")
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
