"""What is wrong with a folder in RelBench format."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Violation:
    """A rule that is broken.

    Attributes:
        rule: its name.
        table: where; of a task's labels ``<task>/<split>``, of a task itself ``tasks/<task>``; None: the manifest of the folder.
        column: None: it is not about one.
        row: the first one; None: it is not about rows.
        message: what is wrong, and what to do.
        n_row: how many rows break it.
    """

    rule: str
    table: str | None
    column: str | None
    row: int | None
    message: str
    n_row: int = 1


def rows_where(is_broken: np.ndarray, rule: str, table: str, column: str | None, message: str) -> Iterator[Violation]:
    """Give one problem for the rows that break a rule, if any does."""
    rows = np.flatnonzero(is_broken)
    if len(rows):
        yield Violation(rule, table, column, int(rows[0]), message, len(rows))
