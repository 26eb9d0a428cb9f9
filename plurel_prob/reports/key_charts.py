"""Pictures of foreign keys: blocks and the number of children a parent."""

import numpy as np
from markupsafe import Markup

from plurel_prob.reports.charts import Plot, compact, heat_legend
from plurel_prob.reports.links import N_GROUP, Level, by_degree, check_key, children_of, levels_of
from plurel_prob.reports.palette import N_HEAT
from plurel_prob.reports.subject import Subject
from plurel_prob.reports.svg import Drawing, element, text, text_width

CELL_WIDTH, CELL_HEIGHT, SMALL_CELL = 52.0, 24.0, 13.0
MAX_WIDTH = 860.0  # of a line of levels
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
HEAVY = 20  # children of one parent, from which both axes are logarithmic


def heatmap_drawing(subject: Subject, child: str, key: str) -> Drawing:
    """Draw which blocks of children refer to which blocks of parents, level by level, beside the affinities of the block model.

    Without latents, parents are ordered by their numbers of children.

    Raises:
        DatabaseError: there is no such key, or it is broken.
    """
    parent = check_key(subject.database, child, key)
    title = f"{child}.{key} refers to {parent}"
    levels = levels_of(subject, child, key)
    return _levels(levels, title, parent, child) if levels else _by_degree(subject, title, child, key)


def step_of(share: float) -> int:
    """Step of the colours for a share from 0 to 1."""
    return min(int(share * N_HEAT), N_HEAT - 1)


def _cell(x: float, y: float, width: float, height: float, share: float, label: str = "") -> Markup:
    step = step_of(share)
    shape = element("rect", x=x, y=y, width=width - 1, height=height - 1, class_=f"h{step}")
    return shape + text(x + width / 2 - 0.5, y + height / 2 + 4, label, f"middle small t{step}") if label else shape


def _matrix(x: float, y: float, name: str, share: np.ndarray, labels: list[list[str]]) -> Markup:
    """A small matrix: a row for each block of parents, a column for each of children."""
    body = text(x + 22, y, name, "small strong ink")
    for w in range(share.shape[1]):
        body += text(x + 22 + CELL_WIDTH * (w + 0.5), y + 16, f"w{w}", "small middle muted")
    for z in range(len(share)):
        top = y + 22 + CELL_HEIGHT * z
        body += text(x + 16, top + 16, f"z{z}", "small right muted")
        for w in range(share.shape[1]):
            body += _cell(x + 22 + CELL_WIDTH * w, top, CELL_WIDTH, CELL_HEIGHT, float(share[z, w]), labels[z][w])
    return body


def _levels(levels: list[Level], title: str, parent: str, child: str) -> Drawing:
    width_of_matrix = max(34 + CELL_WIDTH * max(level.n_child.shape[1] for level in levels), 124.0)
    panel = 2 * width_of_matrix + 24
    n_a_line = max(1, int(MAX_WIDTH // panel))
    head, words, y = f"rows: blocks z of {parent}; columns: blocks w of {child}", [], 46.0
    body = text(12, 20, head, "muted")
    for start in range(0, len(levels), n_a_line):
        on_line = levels[start : start + n_a_line]
        for i, level in enumerate(on_line):
            body += _panel(12 + panel * i, y, f"level {start + i}", level, width_of_matrix)
            words.append(f"level {start + i}: " + ", ".join(f"z{z} w{w} {n}" for (z, w), n in np.ndenumerate(level.n_child)))
        y += 48 + CELL_HEIGHT * max(len(level.n_child) for level in on_line)
    width = max(12 + panel * min(n_a_line, len(levels)), 24 + text_width(head))
    what = f"Children by block z of {parent} and block w of {child}, colours by share of the block w"
    return Drawing(width, y - 18, title, f"{what}; {'; '.join(words)}.", body)


def _panel(x: float, y: float, name: str, level: Level, width_of_matrix: float) -> Markup:
    """Children and, beside them, affinities of a level."""
    of_child = level.n_child / np.maximum(level.n_child.sum(0), 1)
    counts = [[f"{n:,}" for n in row] for row in level.n_child.tolist()]
    log = np.log10(np.clip(level.affinity, 1e-3, 1)) / 3 + 1  # 0.001 is 0, 1 is 1
    affinity = [[f"{a:.2g}" for a in row] for row in level.affinity.tolist()]
    return _matrix(x, y, f"{name}: children", of_child, counts) + _matrix(x + width_of_matrix, y, "affinity", log, affinity)


def _by_degree(subject: Subject, title: str, child: str, key: str) -> Drawing:
    count = by_degree(subject.database, child, key)
    share = count / max(int(count.max(initial=0)), 1)
    head = f"parents, most children first (down); rows of {child} in order (right)"
    body = text(12, 18, head, "small muted")
    for i in range(len(count)):
        for j in range(count.shape[1]):
            if count[i, j]:
                body += _cell(12 + SMALL_CELL * j, 30 + SMALL_CELL * i, SMALL_CELL, SMALL_CELL, float(share[i, j]))
    frame = element(
        "rect", x=11.0, y=29.0, width=SMALL_CELL * count.shape[1] + 1, height=SMALL_CELL * len(count) + 1, class_="grid"
    )
    first = count[0].sum() / max(count.sum(), 1) if len(count) else 0
    words = f"Rows that refer to each of {len(count)} groups of parents, most children first; the first group has {first:.0%}."
    width = max(24 + SMALL_CELL * N_GROUP, 24 + text_width(head, 10.5))
    below = 36 + SMALL_CELL * len(count)
    body += heat_legend(28.0, below, "0", f"{int(count.max(initial=0)):,} rows")
    return Drawing(width, below + 18, title, words, frame + body)


def children_drawing(subject: Subject, child: str, key: str) -> Drawing:
    """Draw how many children the parents have: bars, or for heavy tails the share of parents with at least so many, log-log."""
    n_child = children_of(subject.database, child, key)
    most = int(n_child.max(initial=0))
    title, words = f"Children a parent, {child}.{key}", children_in_words(n_child)
    return _tail(n_child, title, words) if most >= HEAVY else _bars(n_child, most, title, words)


def children_in_words(n_child: np.ndarray) -> str:
    """Mean, median, maximum, and the share of parents without children."""
    if len(n_child) == 0:
        return "There are no parents."
    mean, median, most = n_child.mean(), np.median(n_child), n_child.max()
    return (
        f"{mean:.3g} children on average, median {median:g}, at most {most:,}; {(n_child == 0).mean():.0%} of parents have none."
    )


def _bars(n_child: np.ndarray, most: int, title: str, words: str) -> Drawing:
    share = np.bincount(n_child, minlength=most + 1) / max(len(n_child), 1)
    plot = Plot(360.0, 190.0, (-0.5, most + 0.5), (0.0, float(share.max(initial=0.01)) * 1.05))
    step = max(1, -(-(most + 1) // 8))
    body = plot.y_axis("share of parents") + plot.bars(np.arange(most + 2) - 0.5, share, gap=2.0)
    body += plot.x_axis("children", [(float(n), str(n)) for n in range(0, most + 1, step)])
    return Drawing(plot.width, plot.height, title, words, body)


def power_of_ten(exponent: int) -> str:
    """A small power of ten, as it is written on an axis."""
    return f"{10.0**exponent:g}" if exponent > -3 else "10⁻" + str(-exponent).translate(SUPERSCRIPT)


def _tail(n_child: np.ndarray, title: str, words: str) -> Drawing:
    value, count = np.unique(n_child[n_child > 0], return_counts=True)
    at_least = count[::-1].cumsum()[::-1] / len(n_child)
    x, y = np.log10(value), np.log10(at_least)
    plot = Plot(360.0, 190.0, (0.0, float(max(x.max(), 0.1))), (float(min(y.min(), -0.1)), 0.0))
    points = [(plot.x(float(a)), plot.y(float(b))) for a, b in zip(x, y, strict=True)]
    steps = [points[0], *((p[0], q) for before, p in zip(points[:-1], points[1:], strict=True) for q in (before[1], p[1]))]
    body = plot.y_axis("share with at least so many", [(float(e), power_of_ten(e)) for e in range(int(np.floor(y.min())), 1)])
    body += plot.curve(steps) + plot.x_axis(
        "children (both axes logarithmic)", [(float(e), compact(10.0**e)) for e in range(int(x.max()) + 1)]
    )
    return Drawing(plot.width, plot.height, title, words, body)
