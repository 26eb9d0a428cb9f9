"""Draw degrees and which model wins, from the results alone: ``python -m experiments.real_links.figures RESULTS``."""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams |= {"svg.hashsalt": "real_links", "svg.fonttype": "none"}
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.ticker import SymmetricalLogLocator  # noqa: E402

from experiments.lines import read_lines  # noqa: E402

COLORS = {"uniform": "#999999", "popularity": "#e69f00", "blocks": "#0072b2", "blocks+popularity": "#009e73"}
SHOWN = (
    ("rel-f1", "results.driverId"),
    ("rel-f1", "results.raceId"),
    ("rel-f1", "constructor_standings.raceId"),
    ("lahman", "batting.player_id"),
    ("lahman", "batting.team_season_id"),
    ("financial-early", "trans.account_id"),
    ("financial-early", "client.district_id"),
    ("chinook", "InvoiceLine.InvoiceId"),
)


def main(folder: str) -> None:
    """Draw both figures next to this file."""
    rows = read_lines(Path(folder) / "keys.jsonl")
    here = Path(__file__).parent
    shown = [row for row in rows if (row["database"], row["key"]) in SHOWN] or rows[:8]
    save(degrees(shown), here / "degrees.svg")
    save(winners(rows), here / "winners.svg")


def save(figure: plt.Figure, path: Path) -> None:
    """Write a figure without a date."""
    figure.savefig(path, metadata={"Date": None})


def degrees(rows: list[dict]) -> plt.Figure:
    """Quantiles of children a parent: observed, and 90 % of new keys under two models."""
    figure, axes = plt.subplots(2, 4, figsize=(12, 6), layout="constrained", sharex=True)
    for panel, row in zip(axes.flat, rows, strict=False):
        quantile = row["degree_quantile"]
        for model in ("blocks", "blocks+popularity"):
            low, high = quantile[model]
            panel.fill_between(quantile["probability"], low, high, color=COLORS[model], alpha=0.5, lw=0.8, label=model)
        panel.plot(quantile["probability"], quantile["observed"], "k", lw=1, label="observed")
        panel.set_yscale("symlog", linthresh=1)
        panel.minorticks_off()
        panel.set_xticks([0, 0.5, 1])
        panel.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=1))
        panel.set_title(f"{row['database']} {row['key']}", fontsize=9)
    axes.flat[0].legend(fontsize=8)
    figure.supxlabel("share of parents")
    figure.supylabel("children a parent, quantile")
    return figure


def winners(rows: list[dict]) -> plt.Figure:
    """Expected log probability of a child, over that of a uniform parent, for every key and model."""
    names = [f"{row['database']} {row['key']}" for row in rows]
    figure, panel = plt.subplots(figsize=(9, 0.19 * len(rows) + 1), layout="constrained")
    height = np.arange(len(rows))
    for model, marker in (("popularity", "D"), ("blocks", "s"), ("blocks+popularity", "o")):
        models = [row["models"] for row in rows]
        gain = [(m[model]["elpd"] - m["uniform"]["elpd"]) / m["uniform"]["n_sample"] for m in models]
        panel.plot(gain, height, marker, ms=5, mfc="none", color=COLORS[model], label=model)
    panel.grid(axis="x", lw=0.4)
    panel.tick_params(axis="y", left=False)
    panel.set_yticks(height, names, fontsize=7)
    panel.set_ylim(len(rows), -1)
    panel.set_xlabel("gain over a uniform parent, nats a child (leave-one-out)")
    panel.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:])
