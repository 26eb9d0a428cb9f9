"""What a learner is asked: of a database, about rows of a table, with labels that are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from plurel_prob.databases import Database
from plurel_prob.databases.schema import TableSchema
from plurel_prob.databases.stored import Frame, open_tables
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.rfm.columns import MISSING, NEVER, STATIC, microseconds, row_numbers
from plurel_prob.rfm.rows.features import Labels, PreparedTables, Question, RowFeatures, Tables, prepare, read_tables
from plurel_prob.rfm.rows.tasks import Regime, RowTask, read_task


@dataclass(frozen=True)
class LearningProblem:
    """A question about a database, and what is known of its answers.

    Attributes:
        tables: the database.
        question: what is asked.
        context: labels to learn from, each at the time of its row.
        known: labels that features may show, dated when they are known.
        rows: that are asked about if no others are named; their labels are not looked at.
        name: of the rows that are asked about, a split; none: there are only given ones.
        entity: name of the column with rows of the question's table, in frames.
        time: name of the column with times.
        until: nothing after this time is seen.
    """

    tables: Tables
    question: Question
    context: Labels
    known: Labels
    rows: Labels
    name: str = ""
    entity: str = "entity"
    time: str = "time"
    until: int = NEVER

    def features(self, rows: Labels) -> RowFeatures:
        """Features of rows, as of their times."""
        return self.prepared.features(rows, self.known, self.until)

    @cached_property
    def prepared(self) -> PreparedTables:
        """What features of all rows share."""
        return prepare(self.tables, self.question)

    def rows_of(self, rows: pd.DataFrame) -> Labels:
        """Entities and times of a frame; without a column of times, those of the entities' own.

        Raises:
            DatabaseError: it has no such column, or a value that is no row, or no time.
        """
        numbers = self.tables[self.question.table]
        if self.entity not in rows:
            raise DatabaseError(f"rows to predict need a column {self.entity}, of rows of table {shown(self.question.table)}")
        entity = row_numbers(rows[self.entity], f"{self.entity} of rows to predict")
        wrong = np.flatnonzero((entity < 0) | (entity >= len(numbers.time)))
        if len(wrong):
            what = shown(str(rows[self.entity].iloc[wrong[0]]))
            raise DatabaseError(
                f"{self.entity} {what} is no row of table {shown(self.question.table)}, which has {len(numbers.time):,} from 0 on"
            )
        time = microseconds(rows[self.time]) if self.time in rows else numbers.time[entity]
        if np.isin(time, (MISSING, NEVER, STATIC)).any():
            raise DatabaseError(f"rows to predict need a time each: give them in a column {self.time}")
        return Labels(entity, time, np.full(len(rows), np.nan))


def problem_of(
    database: Path | str | Database | RowTask,
    task: str | Question | None,
    labels: Labels | None,
    split: str,
    regime: Regime,
) -> LearningProblem:
    """Bring what a learner is asked into one form; see :meth:`plurel_prob.rfm.rows.learner.RowLearner.fit`.

    Raises:
        DatabaseError: there is no such task, or no labels are given with a question.
    """
    if isinstance(database, RowTask):
        return _of_task(database, split, regime)
    if isinstance(task, str):
        if not isinstance(database, str | Path):
            raise DatabaseError("a task by its name is of a folder: give its path, or a Question with labels")
        return _of_task(read_task(Path(database), task), split, regime)
    if task is None or labels is None:
        raise DatabaseError("give the name of a task, or a Question with labels")
    frames: Mapping[str, Frame]
    schemas: Mapping[str, TableSchema]
    if isinstance(database, str | Path):
        frames, schemas = open_tables(Path(database))
    else:
        frames, schemas = database.tables, database.schema.tables
    if task.table not in schemas:
        raise DatabaseError(f"there is no table {shown(task.table)}; there are {shown(', '.join(schemas))}")
    context, schema = labels.present(), schemas[task.table]
    tables = read_tables(frames, schemas, int(context.time.max(initial=STATIC)))
    rows = labels[np.isnan(labels.value)]
    return LearningProblem(
        tables, task, context, context.later(task.wait), rows, "", schema.pkey or "entity", schema.time_col or "time"
    )


def _of_task(task: RowTask, split: str, regime: Regime) -> LearningProblem:
    """Learn from labels that are known when the split begins."""
    context, until = task.learned(split), NEVER if regime == "rolling" else task.cut(split)
    entity, time = ("entity", "time") if task.loaded is None else (task.loaded.entity_col, task.loaded.time_col)
    return LearningProblem(
        task.tables, task.question, context, task.known(split, regime), task.labels[split], split, entity, time, until
    )
