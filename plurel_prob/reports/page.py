"""The page of one database."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from plurel_prob.databases import TableSchema
from plurel_prob.errors import DatabaseError
from plurel_prob.reports.causal_diagram import causal_drawing
from plurel_prob.reports.charts import over_time
from plurel_prob.reports.columns import ColumnSummary, plain, shown, summary_of
from plurel_prob.reports.dependence import N_ROW
from plurel_prob.reports.key_charts import children_drawing, heatmap_drawing
from plurel_prob.reports.latent_table import latent_rows
from plurel_prob.reports.laws import kind_of_table, words_on_key, words_on_times
from plurel_prob.reports.pictures import MAX_DEPENDENCE, dependence_of
from plurel_prob.reports.render import render
from plurel_prob.reports.schema_diagram import schema_drawing
from plurel_prob.reports.subject import Subject
from plurel_prob.reports.svg import Drawing

N_FIRST_ROW, N_FIRST_COLUMN = 8, 20


@dataclass(frozen=True)
class KeySection:
    """What the page says about a foreign key.

    Attributes:
        problem: why there are no pictures; empty if there are.
        has_blocks: whether the block model that drew it is known.
        words: how popular parents are, and in which order rows refer to them; empty if nothing is known.
    """

    anchor: str
    child: str
    column: str
    parent: str
    parent_anchor: str
    child_anchor: str
    heatmap: Drawing | None
    children: Drawing | None
    has_blocks: bool
    problem: str
    words: str


@dataclass(frozen=True)
class TableSection:
    """What the page says about a table.

    Attributes:
        kind: as it was drawn.
        times: what the times of its rows follow; empty if nothing is known.
    """

    anchor: str
    name: str
    schema: TableSchema
    causal: Drawing | None
    columns: list[ColumnSummary]
    dependence: Drawing | None
    dependence_left_out: int
    over_time: Drawing | None
    head_columns: list[str]
    head: list[list[str]]
    n_column: int
    kind: str
    times: str


def database_page(subject: Subject, on_part: Callable[[str], object] = lambda _: None) -> str:
    """Return the page of a database: one HTML file that needs no other, nor a network.

    Args:
        subject: the database.
        on_part: called with what has been drawn, once for each foreign key and each table.
    """
    anchors = {name: f"table-{i}" for i, name in enumerate(subject.schemas)}
    keys = []
    for i, (child, column, parent) in enumerate(subject.database.schema.foreign_keys):
        keys.append(key_section(subject, f"key-{i}", child, column, parent, anchors))
        on_part(f"{child}.{column}")
    tables = []
    for name, anchor in anchors.items():
        tables.append(table_section(subject, name, anchor))
        on_part(name)
    command, needs = subject.command()
    return render(
        "database.html",
        subject=subject,
        facts=facts_of(subject),
        origin=origin_of(subject),
        has_blocks=any(key.has_blocks for key in keys),
        command=command,
        needs=needs,
        diagram=schema_drawing(subject, anchors),
        keys=keys,
        tables=tables,
        latents=latent_rows(subject),
        n_dependence_row=N_ROW,
    )


def facts_of(subject: Subject) -> list[tuple[str, str]]:
    """Sizes, times and origin of a database."""
    schemas = subject.schemas.values()
    n_activity = sum(table.time_col is not None for table in schemas)
    n_cell = sum(table.n_row * len(table.columns) for table in schemas)
    facts = [
        ("tables", f"{len(schemas)} ({len(schemas) - n_activity} entity, {n_activity} activity)"),
        ("rows", f"{sum(table.n_row for table in schemas):,}"),
        ("feature columns", f"{sum(len(table.columns) for table in schemas):,}"),
        ("feature cells", f"{n_cell:,}"),
        ("foreign keys", str(len(subject.database.schema.foreign_keys))),
    ]
    if subject.window:
        facts.append(("time window", f"{subject.window[0].date()} to {subject.window[1].date()}"))
    if subject.splits:
        facts.append(("splits", f"validation from {subject.splits[0].date()}, test from {subject.splits[1].date()}"))
    if subject.provenance:
        facts += [("prior", str(subject.provenance["model"])), ("seed", str(subject.provenance["seed"]))]
    if subject.latents is not None and "family" in subject.latents["prior"]:
        facts.append(("graph family", str(subject.latents["prior"]["family"].item())))
    return facts


def origin_of(subject: Subject) -> list[tuple[str, str]]:
    """What a drawn database says about how it was made."""
    origin: Any = subject.provenance
    if not origin:
        return []
    facts = [("fingerprint of the prior", str(origin["fingerprint"])[:16])]
    versions = origin.get("versions", {})
    if versions:
        facts.append(("versions", ", ".join(f"{package} {version}" for package, version in versions.items())))
    machine = [str(origin[name]) for name in ("backend", "machine", "instruction_set") if name in origin]
    facts += [("drawn on", ", ".join(machine))] if machine else []
    for name, label in (("given", "given"), ("by_hand", "set by hand")):
        facts += [(label, ", ".join(map(str, origin[name])))] if origin.get(name) else []
    return facts


def key_section(subject: Subject, anchor: str, child: str, column: str, parent: str, anchors: dict[str, str]) -> KeySection:
    """Draw a foreign key; one that is broken is described instead."""
    heatmap = children = None
    problem, latents = "", subject.latents_of(child)
    try:
        heatmap, children = heatmap_drawing(subject, child, column), children_drawing(subject, child, column)
    except DatabaseError as error:
        problem = str(error)
    has_blocks = latents is not None and "affinity" in latents
    ends = (anchors.get(parent, ""), anchors[child])
    words = words_on_key(subject, child, column)
    return KeySection(anchor, child, column, parent, *ends, heatmap, children, has_blocks, problem, words)


def table_section(subject: Subject, name: str, anchor: str) -> TableSection:
    """Draw a table."""
    schema, frame = subject.schemas[name], plain(subject.database.tables[name])
    features = [column for column in frame.columns if column in schema.columns]
    return TableSection(
        anchor,
        name,
        schema,
        causal_drawing(subject, name),
        [summary_of(frame[column], column) for column in features],
        dependence_of(subject, name),
        max(len(features) - MAX_DEPENDENCE, 0),
        _over_time(subject, name, frame),
        [str(column) for column in frame.columns[:N_FIRST_COLUMN]],
        first_rows(frame),
        len(frame.columns),
        kind_of_table(subject, name),
        words_on_times(subject, name),
    )


def first_rows(frame: pd.DataFrame) -> list[list[str]]:
    """The first rows, as text."""
    head = frame.iloc[:N_FIRST_ROW, :N_FIRST_COLUMN]
    columns = [[shown(value) for value in head.iloc[:, i].astype(object)] for i in range(head.shape[1])]
    return [list(row) for row in zip(*columns, strict=True)]


def _over_time(subject: Subject, name: str, frame: pd.DataFrame) -> Drawing | None:
    column = subject.schemas[name].time_col
    times = frame[column].dropna() if column else pd.Series(dtype=float)
    if not len(times) or not pd.api.types.is_datetime64_any_dtype(times.dtype):
        return None
    splits = list(zip(subject.splits or (), ("validation", "test"), strict=False))
    words = f"{len(times):,} rows from {times.min()} to {times.max()}."
    return over_time(times, f"Rows of {name} over time", words, splits, width=620.0)
