"""Labels of forecast tasks: the SQL, and the tables that it makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pandas as pd

from plurel_prob.queries import locked, select
from plurel_prob.tasks.split import SplitDatabase
from plurel_prob.tasks.windows import timestamps

SQL = """\
SELECT t.timestamp AS {time_col}, p.{pkey} AS {pkey}, {label} AS {target_col}
FROM timestamps AS t
JOIN {parent} AS p ON {exists}
{join} (
    SELECT t.timestamp, c.{key} AS parent_row, {aggregate} AS value
    FROM timestamps AS t
    JOIN {child} AS c ON c.{child_time} > t.timestamp AND c.{child_time} <= t.timestamp + INTERVAL '{{timedelta}}'
    WHERE c.{column} IS NOT NULL
    GROUP BY t.timestamp, c.{key}
) AS later ON later.timestamp = t.timestamp AND later.parent_row = p.{pkey}
WHERE {kept}"""

# a hash of parent row and time, from 0 to 2^32 - 1
KEPT = "((CAST(p.{pkey} AS BIGINT) * 2654435761 + CAST(epoch(t.timestamp) AS BIGINT) * 40503) & 4294967295) < {threshold}"


class LabelQuestion(NamedTuple):
    """What is asked about the child rows of a parent row in a window.

    Attributes:
        name: of the question, the end of its task's name.
        description: a sentence.
        target_col: name of the label.
        task_type: RelBench's.
        aggregate: SQL of an aggregate over child rows ``c``.
        label: SQL of the label, given the aggregate, ``later.value``: NULL where a parent row has no child row.
        column: child rows count if they do not miss it; the key or a number.
        is_for_all: whether parent rows without a child row have a label.
    """

    name: str
    description: str
    target_col: str
    task_type: str
    aggregate: str
    label: str
    column: str
    is_for_all: bool


def quoted(name: str) -> str:
    """Return a name as SQL has it, whatever characters are in it."""
    return '"' + name.replace('"', '""') + '"'


def label_sql(
    database: SplitDatabase, edge: tuple[str, str, str], question: LabelQuestion, time_col: str, share: float = 1.0
) -> str:
    """Return the SQL of a label for each row of a parent table that exists at a time, or for a share of those, by a hash.

    Args:
        database: has the tables.
        edge: parent, child, and the child's foreign key.
        question: what is asked.
        time_col: name of the time of the label.
        share: of the labels.
    """
    parent, child, key = edge
    of_parent, pkey = database.schemas[parent], quoted(database.schemas[parent].pkey or "")
    return SQL.format(
        time_col=quoted(time_col),
        pkey=pkey,
        label=question.label,
        target_col=quoted(question.target_col),
        parent=quoted(parent),
        exists=f"p.{quoted(of_parent.time_col)} <= t.timestamp" if of_parent.time_col else "TRUE",
        join="LEFT JOIN" if question.is_for_all else "JOIN",
        key=quoted(key),
        aggregate=question.aggregate,
        child=quoted(child),
        child_time=quoted(database.schemas[child].time_col or ""),
        column=quoted(question.column),
        kept="TRUE" if share == 1 else KEPT.format(pkey=pkey, threshold=round(share * 2**32)),
    )


class Labeller:
    """Runs the SQL of labels as RelBench does: training and validation labels see no row after the start of the test split."""

    def __init__(self, database: SplitDatabase, seen: Any, complete: Any):
        self.database, self.connections = database, {"train": seen, "val": seen, "test": complete}

    def labels(self, sql: str, length: pd.Timedelta, split: str, parent: str) -> pd.DataFrame:
        """Make the label table of a split, sorted by time and parent row, of rows that exist when the test split starts."""
        starts = pd.DataFrame({"timestamp": timestamps(self.database, length)[split]})
        connection = self.connections[split].register("timestamps", starts)
        table = select(connection, sql.replace("{timedelta}", str(length)), f"{self.database.name}: SQL of labels of {parent}")
        time_col, pkey = table.columns[:2]
        known = table[table[pkey] < len(self.database.seen[parent])]
        return known.sort_values([time_col, pkey], ignore_index=True)


@contextmanager
def labeller(database: SplitDatabase) -> Iterator[Labeller]:
    """Open DuckDB with the keys, times and numbers of all tables, those that are known when the test split starts and all."""
    with locked(_numbers(database, database.seen)) as seen, locked(_numbers(database, database.tables)) as complete:
        yield Labeller(database, seen, complete)


def _numbers(database: SplitDatabase, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Keys, times and numbers of tables."""
    kept = {}
    for name, schema in database.schemas.items():
        numbers = [column for column, kind in schema.columns.items() if kind == "numerical"]
        kept[name] = tables[name][[*sorted(schema.keys), *numbers]]
    return kept
