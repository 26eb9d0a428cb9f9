"""The entity-relationship diagram of a database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from markupsafe import Markup

from plurel_prob.databases import TableSchema
from plurel_prob.reports.layers import Layout, lay_out
from plurel_prob.reports.subject import Subject
from plurel_prob.reports.svg import EMPTY, Drawing, element, fit, group, line, number, text, text_width

WIDTH, ROW, HEADER = 196.0, 17.0, 40.0  # of a table's box, pixels
MARGIN, GAP, BEND, LEGEND = 24.0, 22.0, 14.0, 34.0
MIN_CHANNEL, LANE = 76.0, 3.0
MANY_TABLES = 12
N_SHOWN, N_SHOWN_OF_MANY = 8, 5  # feature columns of a table
TYPE_LABELS = {"numerical": "number", "boolean": "boolean", "categorical": "category", "time": "time", "text": "text"}


@dataclass(frozen=True)
class Box:
    """A table in the diagram: a header, then a line for each key, the time column and the first features."""

    name: str
    table: TableSchema
    lines: list[tuple[str, str]]  # column and what it is
    n_more: int

    @property
    def height(self) -> float:
        """Height in pixels."""
        return HEADER + ROW * (len(self.lines) + (self.n_more > 0)) + 8

    def port(self, column: str | None) -> float:
        """Where an edge of a column starts or ends, relative to the box's centre."""
        names = [name for name, _ in self.lines]
        row = names.index(column) if column in names else -1
        return (HEADER / 2 if row < 0 else HEADER + ROW * (row + 0.5) + 2) - self.height / 2

    def with_keys_by(self, order: Mapping[str, float]) -> "Box":
        """Put the foreign keys, which follow the primary key, in another order, so that their edges do not cross."""
        start = int(self.table.pkey is not None)
        end = start + len(self.table.fkeys)
        ordered = sorted(self.lines[start:end], key=lambda line: order.get(line[0], 0.0))
        return replace(self, lines=[*self.lines[:start], *ordered, *self.lines[end:]])


@dataclass(frozen=True)
class DiagramKey:
    """A foreign key in the diagram."""

    parent: str
    child: str
    column: str
    missing: float  # share of the child's rows


def boxes_of(schemas: Mapping[str, TableSchema]) -> list[Box]:
    """Boxes of all tables, with fewer columns where there are many tables."""
    n_shown = N_SHOWN_OF_MANY if len(schemas) > MANY_TABLES else N_SHOWN
    boxes = []
    for name, table in schemas.items():
        lines = [(table.pkey, "key")] if table.pkey else []
        lines += [(key, f"→ {parent}") for key, parent in table.fkeys.items()]
        lines += [(table.time_col, "time")] if table.time_col else []
        n_kept = len(table.columns) if len(table.columns) <= n_shown + 1 else n_shown
        lines += [(column, TYPE_LABELS[kind]) for column, kind in list(table.columns.items())[:n_kept]]
        boxes.append(Box(name, table, lines, len(table.columns) - n_kept))
    return boxes


def keys_of(subject: Subject) -> list[DiagramKey]:
    """All foreign keys whose parent is a table."""
    tables = subject.database.tables
    return [
        DiagramKey(parent, child, column, float(tables[child][column].isna().mean() if len(tables[child]) else 0.0))
        for child, column, parent in subject.database.schema.foreign_keys
        if parent in subject.schemas
    ]


def schema_drawing(subject: Subject, anchors: Mapping[str, str] | None = None) -> Drawing:
    """Draw tables as boxes, parents to the left of their children, and keys with crow's feet at the child.

    Args:
        subject: the database.
        anchors: of each table the id of its section of the page; there are no links without.
    """
    boxes, keys = boxes_of(subject.schemas), keys_of(subject)
    at = {box.name: i for i, box in enumerate(boxes)}
    ends = [(at[key.parent], at[key.child]) for key in keys]
    layout, _ = _laid_out(boxes, keys, ends)
    boxes = [box.with_keys_by(_arrivals(box.name, keys, layout)) for box in boxes]
    layout, ports = _laid_out(boxes, keys, ends)
    lefts = layer_lefts(layout)
    edges = [
        _edge(key, end, port, layout, route, lefts) for key, end, port, route in zip(keys, ends, ports, layout.route, strict=True)
    ]
    tables = [_box(box, lefts[layout.layer[i]], layout.place[i], (anchors or {}).get(box.name)) for i, box in enumerate(boxes)]
    width = max(max(lefts, default=0.0) + WIDTH + MARGIN + 40, 560.0)
    tops = [place + box.height / 2 for place, box in zip(layout.place, boxes, strict=True)]
    bends = [place + BEND for route in layout.route for place in route]
    height = max(tops + bends, default=0.0) + LEGEND + 2 * MARGIN
    body = _legend() + group(*edges, *tables, transform=f"translate(0 {number(LEGEND + MARGIN)})")
    return Drawing(width, height, f"Tables and foreign keys of {subject.name}", in_words(subject, keys), body, bool(anchors))


def _laid_out(boxes: list[Box], keys: list[DiagramKey], ends: list[tuple[int, int]]) -> tuple[Layout, list[tuple[float, float]]]:
    """Layout and where each key leaves its parent and meets its child: optional ones, and those of loops, leave the header."""
    ports = [
        (boxes[a].port(None if key.missing or a == b else boxes[a].table.pkey), boxes[b].port(key.column))
        for (a, b), key in zip(ends, keys, strict=True)
    ]
    return lay_out([box.height for box in boxes], ends, gap=GAP, bend=BEND, ports=ports), ports


def _arrivals(child: str, keys: list[DiagramKey], layout: Layout) -> dict[str, float]:
    """Where the keys of a table come from, across the layers; those to itself come first."""
    routes = zip(keys, layout.route, strict=True)
    return {key.column: route[-2] if len(route) > 1 else -1.0 for key, route in routes if key.child == child}


def layer_lefts(layout: Layout) -> list[float]:
    """Left side of each layer; between two there is room for the edges."""
    n_layer = max(layout.layer, default=-1) + 1
    n_edge = [0] * n_layer
    for route in layout.route:
        for step in range(len(route) - 1):
            n_edge[min(step, n_layer - 1)] += 1
    lefts, x = [], MARGIN
    for layer in range(n_layer):
        lefts.append(x)
        x += WIDTH + MIN_CHANNEL + LANE * min(n_edge[layer], 30)
    return lefts


def in_words(subject: Subject, keys: list[DiagramKey]) -> str:
    """What the diagram shows, as a text."""
    n_activity = sum(table.time_col is not None for table in subject.schemas.values())
    refers = "; ".join(
        f"{key.child}.{key.column} refers to {key.parent}{' or is missing' if key.missing else ''}" for key in keys
    )
    return f"{len(subject.schemas)} tables, {n_activity} of them with times (activity tables). {refers or 'No foreign keys'}."


def _box(box: Box, left: float, centre: float, anchor: str | None) -> Markup:
    """A table: entity tables have square corners, activity tables round ones and a clock."""
    kind = "activity" if box.table.time_col else "entity"
    top, radius = centre - box.height / 2, 12.0 if kind == "activity" else 0.0
    frame = element("rect", x=left, y=top, width=WIDTH, height=box.height, rx=radius, class_="box")
    head = element("path", d=_header_path(left, top, radius), class_=kind)
    clock = _clock(left + WIDTH - 18, top + 19) if kind == "activity" else EMPTY
    room = WIDTH - (44 if kind == "activity" else 20)
    name = text(left + 10, top + 16, fit(box.name, room * 0.95, 12), f"strong on-{kind}")
    size = text(left + 10, top + 31, f"{kind} · {box.table.n_row:,} rows", f"small on-{kind}")
    rows = [_row(box, i, left, top + HEADER + 2 + ROW * i) for i in range(len(box.lines))]
    if box.n_more:
        rows.append(text(left + 22, top + HEADER + 14 + ROW * len(box.lines), f"+{box.n_more} more", "small muted"))
    title = element("title", f"{box.name}: {kind} table, {box.table.n_row:,} rows, {len(box.table.columns)} feature columns")
    content = group(title, frame, head, clock, name, size, *rows)
    return element("a", content, href=f"#{anchor}") if anchor else content


def _header_path(left: float, top: float, radius: float) -> str:
    """The box's header, with its upper corners round."""
    r, right = number(radius), number(left + WIDTH)
    start = f"M{number(left)} {number(top + HEADER)}V{number(top + radius)}a{r} {r} 0 0 1 {r} -{r}"
    return f"{start}H{number(left + WIDTH - radius)}a{r} {r} 0 0 1 {r} {r}V{number(top + HEADER)}L{right} {number(top + HEADER)}Z"


def _clock(x: float, y: float) -> Markup:
    shape = f"M{number(x)} {number(y - 5)}V{number(y)}L{number(x + 4)} {number(y + 2)}"
    style = "fill:none;stroke:var(--on-activity);stroke-width:1.6"
    return element("circle", cx=x, cy=y, r=8.0, style=style) + element("path", d=shape, style=style)


def _row(box: Box, i: int, left: float, top: float) -> Markup:
    name, what = box.lines[i]
    is_key = name in box.table.keys
    mark = "◆" if name == box.table.pkey else "◇" if name in box.table.fkeys else ""
    kind = fit(what, 78, 10.5)
    room = (WIDTH - 38 - text_width(kind, 10.5)) / (1.1 if is_key else 1.0)
    return (
        (text(left + 8, top + 12, mark, "small muted") if mark else EMPTY)
        + text(left + 22, top + 12, fit(name, room), "strong ink" if is_key else "ink")
        + text(left + WIDTH - 8, top + 12, kind, "small muted right")
    )


def _edge(
    key: DiagramKey,
    ends: tuple[int, int],
    port: tuple[float, float],
    layout: Layout,
    route: list[float],
    lefts: list[float],
) -> Markup:
    """A key from its parent to its column, past the layers between."""
    (parent, child), optional = ends, " optional" if key.missing else ""
    title = f"{key.child}.{key.column} refers to {key.parent}" + (
        f"; missing in {key.missing:.1%} of rows" if key.missing else ""
    )
    start = (lefts[layout.layer[parent]], layout.place[parent] + port[0])
    end = (lefts[layout.layer[child]], layout.place[child] + port[1])
    is_forward = layout.layer[child] > layout.layer[parent]
    if not route:
        path, sides = _loop(start, end[1]), (1, 1)
    else:
        path, sides = _curve(start, end, layout.layer[parent], route, lefts, is_forward), (1, -1) if is_forward else (-1, 1)
    shapes = [element("path", d=path, class_=f"edge{optional}")]
    shapes.append(_one(start[0] + (WIDTH if sides[0] == 1 else 0), start[1], sides[0], bool(key.missing)))
    shapes.append(_many(end[0] + (WIDTH if sides[1] == 1 else 0), end[1], sides[1]))
    return group(element("title", title), *shapes, class_="hover")


def _curve(
    start: tuple[float, float], end: tuple[float, float], layer: int, route: list[float], lefts: list[float], is_forward: bool
) -> str:
    step = 1 if is_forward else -1
    near, far = (WIDTH, 0.0) if is_forward else (0.0, WIDTH)
    x, y = start[0] + near + 18 * step, start[1]
    path = f"M{number(start[0] + near)} {number(y)}H{number(x)}"
    for i, place in enumerate(route[1:-1], start=1):
        left = lefts[layer + i * step]
        path += _bend(x, y, left + far, place) + f"H{number(left + near)}"
        x, y = left + near, place
    return path + _bend(x, y, end[0] + far - 18 * step, end[1]) + f"H{number(end[0] + far)}"


def _bend(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = number((x + to_x) / 2)
    return f"C{middle} {number(y)} {middle} {number(to_y)} {number(to_x)} {number(to_y)}"


def _loop(start: tuple[float, float], end: float) -> str:
    """From the right side of a table to itself."""
    x, out = number(start[0] + WIDTH), number(start[0] + WIDTH + 52)
    return f"M{x} {number(start[1])}C{out} {number(start[1])} {out} {number(end)} {x} {number(end)}"


def _one(x: float, y: float, side: int, is_optional: bool) -> Markup:
    """The parent's end: one row, or, with a ring, at most one."""
    bar = line(x + 7 * side, y - 5, x + 7 * side, y + 5, "edge")
    return bar + (element("circle", cx=x + 13 * side, cy=y, r=3.5, class_="end") if is_optional else EMPTY)


def _many(x: float, y: float, side: int) -> Markup:
    """The child's end, a crow's foot: any number of rows."""
    tip = f"M{number(x + 11 * side)} {number(y)}L{number(x)} "
    foot = f"{tip}{number(y - 5)}{tip}{number(y + 5)}"
    return element("path", d=foot, class_="edge")


def _legend() -> Markup:
    """What shapes and ends mean."""
    x, y = MARGIN, MARGIN
    parts = [
        element("rect", x=x, y=y - 10, width=22.0, height=14.0, class_="entity"),
        text(x + 28, y + 1, "entity table"),
        element("rect", x=x + 116, y=y - 10, width=22.0, height=14.0, rx=6.0, class_="activity"),
        text(x + 144, y + 1, "activity table (has times)"),
    ]
    parts += [text(x + 320, y + 1, "◆ primary key"), text(x + 424, y + 1, "◇ foreign key")]
    for at, is_optional, words in (
        (x, False, "one parent, many children"),
        (x + 260, True, "no parent where the key is missing"),
    ):
        parts += [line(at, y + 19, at + 56, y + 19, "edge optional" if is_optional else "edge")]
        parts += [_one(at, y + 19, 1, is_optional), _many(at + 56, y + 19, -1), text(at + 64, y + 23, words)]
    return EMPTY.join(parts)
