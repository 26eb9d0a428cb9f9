"""Draw losses on drawn databases and figures on real tasks: ``python -m experiments.peer_corpus.figures RESULTS REAL FIGURE``."""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams |= {"svg.hashsalt": "peer_corpus", "svg.fonttype": "none"}
import matplotlib.pyplot as plt  # noqa: E402
import pandas as pd  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

from experiments.lines import read_lines  # noqa: E402

COLORS = {"plurel": "#0072b2", "compact": "#e69f00", "peer": "#009e73"}
ABOVE = "loss above column means"
OF_MEANS = {ABOVE: 0.0, "AUROC": 0.5, "R2": 0.0}  # what column means have


def drawn(path: Path) -> pd.DataFrame:
    """The loss of each network on what each corpus holds out, a row for each."""
    rows = [
        {"corpus": line["corpus"], "of": name, "loss": figures["validation_loss"], "mean": figures["validation_baseline"]}
        for line in read_lines(path)
        for name, figures in line["held_out"].items()
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(**{ABOVE: frame["loss"] / frame["mean"] - 1})


def real(path: Path) -> pd.DataFrame:
    """Figures of each network on each real task; ``seed`` tells networks of a corpus apart."""
    lines = pd.DataFrame(read_lines(path))
    return lines.assign(corpus=lines["run"].str.replace(r"-\d+$", "", regex=True)).assign(
        **{ABOVE: lines["loss"] / lines["baseline"] - 1}
    )


def draw(panel: Axes, values: pd.DataFrame, by: str, figure: str) -> None:
    """Draw a column of points for each value of ``by``, and in it a point for each network."""
    names = list(dict.fromkeys(values[by]))
    for k, (corpus, color) in enumerate(COLORS.items()):
        mine = values[values["corpus"] == corpus]
        place = [names.index(name) + 0.2 * (k - 1) for name in mine[by]]
        panel.plot(place, mine[figure], "o", color=color, ms=4, label=corpus)
    panel.axhline(OF_MEANS[figure], color="0.5", ls=":")
    panel.set_xticks(range(len(names)), names)
    panel.set_xlim(-0.5, len(names) - 0.5)


def main(results: str, of_real: str, out: str) -> None:
    """Draw all panels; means over real tasks are of each network."""
    shape = {"width_ratios": [3, 1, 1, 1]}
    figure, panels = plt.subplots(1, 4, figsize=(13, 4), layout="constrained", gridspec_kw=shape)
    draw(panels[0], drawn(Path(results)), "of", ABOVE)
    panels[0].set(xlabel="databases held out", ylabel=ABOVE)
    panels[0].legend(title="trained on", fontsize=8)
    tasks = real(Path(of_real))
    for panel, name in zip(panels[1:], OF_MEANS, strict=True):
        of_network = tasks.dropna(subset=[name]).groupby(["corpus", "seed"])[name].mean().reset_index()
        draw(panel, of_network.assign(of="real tasks"), "of", name)
        panel.set_ylabel(f"{name}, mean of tasks")
    figure.savefig(Path(out), metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
