"""Pictures on their own: SVG files that are light or dark as the reader's system is."""

import re
from collections.abc import Iterator

from plurel_prob.databases import Database
from plurel_prob.errors import DatabaseError
from plurel_prob.reports.causal_diagram import causal_drawing
from plurel_prob.reports.charts import dependence_drawing
from plurel_prob.reports.columns import plain
from plurel_prob.reports.dependence import dependence_matrix
from plurel_prob.reports.key_charts import children_drawing, heatmap_drawing
from plurel_prob.reports.schema_diagram import schema_drawing
from plurel_prob.reports.subject import Subject, subject_of
from plurel_prob.reports.svg import Drawing

Source = Database | Subject


class Picture(str):
    """The text of an SVG file, which notebooks show as a picture."""

    def _repr_html_(self) -> str:
        return str(self)


MAX_DEPENDENCE = 60  # columns; a picture of more is no longer legible


def _subject(database: Source) -> Subject:
    return database if isinstance(database, Subject) else subject_of(database)


def er_diagram(database: Source) -> Picture:
    """Return the entity-relationship diagram of a database, as SVG.

    Example:
        >>> from plurel_prob.databases import load
        >>> from plurel_prob.reports import er_diagram
        >>> svg = er_diagram(load("out/plurel-10"))  # doctest: +SKIP
    """
    return Picture(schema_drawing(_subject(database)).alone())


def causal_graph_svg(database: Source, table: str) -> Picture:
    """Return the causal graph of a table, as SVG.

    Raises:
        DatabaseError: there is no such table, or the database has no latents.
    """
    drawing = causal_drawing(_subject(database), table)
    if drawing is None:
        raise DatabaseError(f"{_subject(database).name}: has no latents, so {table} has no causal graph to draw")
    return Picture(drawing.alone())


def key_heatmap(database: Source, child: str, key: str) -> Picture:
    """Return which rows of a table refer to which of its parent, as SVG: by the blocks of the model, if they are known.

    Raises:
        DatabaseError: there is no such key.
    """
    return Picture(heatmap_drawing(_subject(database), child, key).alone())


def dependence_of(subject: Subject, table: str) -> Drawing | None:
    """Draw the dependence of a table's first 60 columns; None if there are fewer than two, or no rows."""
    frame = plain(subject.database.tables[table])
    columns = [column for column in frame.columns if column in subject.schemas[table].columns][:MAX_DEPENDENCE]
    if len(columns) < 2 or not len(frame):
        return None
    return dependence_drawing(dependence_matrix(frame, columns), columns, table)


def pictures(subject: Subject) -> Iterator[tuple[str, Drawing]]:
    """All pictures of a database, with the names of their files; keys that are broken have none."""
    taken: set[str] = set()

    def file(*parts: str) -> str:
        stem = "-".join(re.sub(r"[^\w]+", "_", part) for part in parts)
        name, n = stem, 1
        while name.casefold() in taken:
            n += 1
            name = f"{stem}-{n}"
        taken.add(name.casefold())
        return f"{name}.svg"

    yield file("schema"), schema_drawing(subject)
    for child, key, _ in subject.database.schema.foreign_keys:
        try:
            both = heatmap_drawing(subject, child, key), children_drawing(subject, child, key)
        except DatabaseError:
            continue
        yield from zip((file("key", child, key), file("children", child, key)), both, strict=True)
    for table in subject.schemas:
        for name, drawing in (("causal", causal_drawing(subject, table)), ("dependence", dependence_of(subject, table))):
            if drawing is not None:
                yield file(name, table), drawing
