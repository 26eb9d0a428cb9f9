"""Plots of columns: histograms, bars of categories, rows over time, dependence."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup

from plurel_prob.reports.palette import N_HEAT
from plurel_prob.reports.svg import EMPTY, Drawing, element, fit, line, number, path_of, text

Ticks = list[tuple[float, str]]
LEFT, RIGHT, TOP, BOTTOM = 52.0, 12.0, 10.0, 34.0
N_BIN, N_TIME_BIN, N_BAR = 30, 60, 8
LARGEST = 1e300  # number that is drawn; sums of a few are finite
CELL, LABEL = 22.0, 104.0  # of the dependence matrix
LEGEND = 210.0  # width of that of the colours
MAX_LABELLED = 24  # columns whose cells have numbers


@dataclass(frozen=True)
class Plot:
    """A plane with axes, in pixels."""

    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, value: float) -> float:
        """Pixel of a value on the horizontal axis."""
        low, high = self.x_range
        return LEFT + (self.width - LEFT - RIGHT) * (value - low) / ((high - low) or 1)

    def y(self, value: float) -> float:
        """Pixel of a value on the vertical axis."""
        low, high = self.y_range
        return self.height - BOTTOM - (self.height - TOP - BOTTOM) * (value - low) / ((high - low) or 1)

    def x_axis(self, label: str, ticks: Ticks) -> Markup:
        """Horizontal axis; labels that would lie on each other are left out."""
        floor = self.height - BOTTOM
        body, free = line(LEFT, floor, self.width - RIGHT, floor), -1e9
        for value, name in ticks:
            at, half = self.x(value), 3.2 * len(name)
            at_text = min(max(at, half + 2), self.width - half - 2)
            if at_text - half > free and LEFT - 1 <= at <= self.width - RIGHT + 1:
                body += line(at, floor, at, floor + 4) + text(at_text, floor + 14, name, "small middle muted")
                free = at_text + half + 4
        return body + text((LEFT + self.width - RIGHT) / 2, self.height - 6, label, "small middle muted")

    def y_axis(self, label: str, ticks: Ticks | None = None, *, is_count: bool = False) -> Markup:
        """Vertical axis with lines across; by default at round numbers, of counts at whole ones."""
        ticks = ticks or [(value, compact(value)) for value in round_numbers(self.y_range[1]) if not is_count or value % 1 == 0]
        shown = [(value, name) for value, name in ticks if self.y_range[0] - 1e-9 <= value <= self.y_range[1] + 1e-9]
        body = EMPTY
        for value, name in shown:
            body += line(LEFT, self.y(value), self.width - RIGHT, self.y(value), "grid")
            body += text(LEFT - 4, self.y(value) + 4, name, "small right muted")
        middle = (TOP + self.height - BOTTOM) / 2
        turn = f"rotate(-90 10 {number(middle)})"
        return body + text(10, middle, label, "small middle muted", transform=turn)

    def bars(self, edges: np.ndarray, height: np.ndarray, gap: float = 0.0) -> Markup:
        """Bars between edges, as one path."""
        floor, path = number(self.y(self.y_range[0])), []
        for left, right, top in zip(edges[:-1], edges[1:], height, strict=True):
            if top > 0:
                a, b = self.x(float(left)) + gap / 2, self.x(float(right)) - gap / 2
                path.append(f"M{number(a)} {floor}V{number(self.y(float(top)))}H{number(b)}V{floor}Z")
        return element("path", d="".join(path), class_="mark") if path else EMPTY

    def curve(self, points: list[tuple[float, float]]) -> Markup:
        """A line through points that are given in pixels."""
        return element("path", d=path_of(points), class_="mark-edge", style="stroke-width:2")

    def mark(self, value: float, label: str) -> Markup:
        """A vertical line with a label."""
        at = self.x(value)
        shown = text(at - 3, TOP + 9, label, "small right ink")
        return element("path", d=f"M{number(at)} {TOP}V{number(self.height - BOTTOM)}", class_="other-edge optional") + shown


def round_numbers(high: float) -> list[float]:
    """Two to five multiples of 1, 2 or 5 times a power of ten, from 0 to ``high``."""
    power = 10.0 ** np.floor(np.log10(high)) if high > 0 else 1.0
    step = next(float(power * factor) for factor in (0.2, 0.5, 1.0, 2.0) if high <= 5 * power * factor)
    return [step * i for i in range(int(high / step * (1 + 1e-9)) + 1)]


def compact(value: float) -> str:
    """A number in few characters: 1.2k, 3.4M."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (limit if unit != 'k' else 1e3):.3g}{unit}"
    return f"{value:.0f}" if abs(value) >= 1e3 else f"{value:.3g}"


def percent(share: float, digits: int = 0) -> str:
    """A share in per cent; a small one is never 0."""
    least = 10.0**-digits
    if 0 < min(share, 1 - share) < least / 100:
        return f"<{least:g}%" if share < 0.5 else f">{100 - least:g}%"
    return f"{share:.{digits}%}" if share else "0"


def histogram(values: np.ndarray, title: str, words: str, *, what: str = "rows", is_log: bool = False) -> Drawing:
    """Draw how finite numbers are spread; whole ones of a small range have a bar each.

    Args:
        values: at least one.
        title: name of the picture.
        words: what it says.
        what: is counted.
        is_log: draw positive values on a logarithmic axis.
    """
    shown = np.log10(values) if is_log else np.clip(values, -LARGEST, LARGEST)
    low, high = float(shown.min()), float(shown.max())
    is_whole = -(2**53) < low <= high < 2**53 and bool((shown == np.round(shown)).all())
    count, edges = np.histogram(shown, bins(low, high, is_whole))
    plot = Plot(250.0, 130.0, (float(edges[0]), float(edges[-1])), (0.0, float(count.max())))
    ends = sorted({low, round((low + high) / 2) if is_whole else (low + high) / 2, high})
    noise = 1e-6 * (high - low)  # beside the range: what should be 0 is seldom exactly that
    ticks = [(float(at), compact(10.0**at if is_log else float(at) if abs(at) > noise else 0.0)) for at in ends]
    body = plot.y_axis(what, is_count=True) + plot.bars(edges, count, 0.6) + plot.x_axis("logarithmic" if is_log else "", ticks)
    return Drawing(plot.width, plot.height, title, words, body)


def bins(low: float, high: float, is_whole: bool) -> np.ndarray:
    """Edges of bins: around equally many whole numbers, even ones, or one for a range that is none to floating-point numbers."""
    if is_whole:
        step = float(np.ceil((high - low + 1) / (2 * N_BIN)))
        return low - 0.5 + step * np.arange(np.ceil((high - low + 1) / step) + 1)
    if high - low <= max(1e-12 * abs(low), 1e-300):
        around = max(abs(low), 1.0) / 2
        return np.array([low - around, low + around])
    return np.linspace(low, high, N_BIN + 1)


def over_time(times: pd.Series, title: str, words: str, splits: list[tuple[pd.Timestamp, str]], width: float = 250.0) -> Drawing:
    """Draw how many rows there are over time; ``splits`` are marked."""
    seconds = times.astype("datetime64[us]").astype("int64").to_numpy() / 1e6
    count, edges = np.histogram(seconds, time_bins(seconds))
    high = float(count.max()) * (1.25 if splits else 1.0)  # their labels stand above the bars
    plot = Plot(width, 130.0, (float(edges[0]), float(edges[-1])), (0.0, high))
    ends = [seconds.min(), (seconds.min() + seconds.max()) / 2, seconds.max()]
    body = plot.y_axis("rows", is_count=True) + plot.bars(edges, count, 0.4)
    for time, label in splits:
        at = time.timestamp()
        if plot.x_range[0] < at < plot.x_range[1]:
            body += plot.mark(at, label)
    body += plot.x_axis("", [(float(at), str(pd.Timestamp(at, unit="s").date())) for at in ends])
    return Drawing(plot.width, plot.height, title, words, body)


def time_bins(seconds: np.ndarray) -> np.ndarray:
    """Edges of bins of times: even ones, or around each of a few times that are about equally far apart, such as years."""
    value = np.unique(seconds)
    gap = np.diff(value)
    if 2 < len(value) <= 2 * N_TIME_BIN and gap.max() <= 1.5 * gap.min():
        return np.concatenate([[value[0] - gap[0] / 2], value[:-1] + gap / 2, [value[-1] + gap[-1] / 2]])
    return np.histogram_bin_edges(seconds, N_TIME_BIN)


def category_bars(shares: list[tuple[str, float]], others: tuple[str, float] | None, title: str, words: str) -> Drawing:
    """Draw shares of categories as horizontal bars, the most common first; of the others there is no bar."""
    most = max((share for _, share in shares), default=1.0) or 1.0
    body = EMPTY
    for i, (name, share) in enumerate([*shares, *([others] if others else [])]):
        top, length = 8 + 15.0 * i, 118 * share / most if i < len(shares) else 0.0
        body += text(84, top + 10, fit(name, 72, 10.5), "small right ink" if length else "small right muted")
        body += element("rect", x=89.0, y=top, width=max(length, 0.5), height=12.0, class_="mark") if length else EMPTY
        body += text(93 + length, top + 10, percent(share), "small muted")
    return Drawing(250.0, 16 + 15.0 * (len(shares) + (others is not None)), title, words, body)


def heat_legend(x: float, y: float, low: str, high: str) -> Markup:
    """The steps of the colours, and the amounts of the first and the last."""
    body = text(x - 5, y + 10, low, "small right muted")
    for step in range(N_HEAT):
        body += element("rect", x=x + 14 * step, y=y, width=13.0, height=12.0, class_=f"h{step}")
    return body + text(x + 14 * N_HEAT + 4, y + 10, high, "small muted")


def dependence_drawing(matrix: np.ndarray, columns: list[str], table: str) -> Drawing:
    """Draw the dependence of all pairs of columns."""
    body, has_numbers = EMPTY, len(columns) <= MAX_LABELLED
    for j, name in enumerate(columns):
        at = LABEL + CELL * j + CELL / 2
        turn = f"rotate(-45 {number(at)} {number(LABEL - 22)})"
        body += text(at, LABEL - 22, fit(name, 92, 10.5), "small ink", transform=turn)
    for i, name in enumerate(columns):
        top = LABEL - 14 + CELL * i
        body += text(LABEL - 5, top + 15, fit(name, LABEL - 8, 10.5), "small right ink")
        for j in range(len(columns)):
            value = float(matrix[i, j])
            step = min(int(value * N_HEAT), N_HEAT - 1)
            body += element("rect", x=LABEL + CELL * j, y=top, width=CELL - 1, height=CELL - 1, class_=f"h{step}")
            if has_numbers and value >= 0.005 and i != j:
                label = f"{value:.2f}".lstrip("0")
                body += text(LABEL + CELL * (j + 0.5) - 0.5, top + 14, label, f"small middle t{step}")
    size = LABEL + CELL * len(columns)
    body += heat_legend(LABEL, size - 4, "0", "1")
    pairs = [(matrix[i, j], columns[i], columns[j]) for i in range(len(columns)) for j in range(i)]
    strongest = sorted(pairs, key=lambda pair: -pair[0])[:5]
    words = "Strongest: " + "; ".join(f"{one} and {other} {value:.2f}" for value, one, other in strongest) if strongest else ""
    return Drawing(max(size + 70, LABEL + LEGEND), size + 22, f"Dependence of the columns of {table}", words, body)
