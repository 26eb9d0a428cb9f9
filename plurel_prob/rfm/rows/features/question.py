"""What is asked about rows of a table."""

from dataclasses import dataclass
from typing import Literal, get_args

DAY = 86_400_000_000  # microseconds
Kind = Literal["binary", "number", "classes"]  # of labels: 0 or 1; a number; a class, by its number
KINDS: tuple[Kind, ...] = get_args(Kind)  # by the number that the network has for each


@dataclass(frozen=True)
class Question:
    """What is asked about rows of a table, at a time each: all that their features depend on, but for the tables and labels.

    Attributes:
        table: that the rows are of, the entities.
        kind: of the labels.
        column: of the table that is completed, which no feature shows, but as known labels of other rows; none: a forecast, or
            labels that are given.
        wait: microseconds after a row's time when its label is known; at least 1, as a label of the row's own time is not.
        windows: lengths of time in microseconds over which there are aggregates.
        hidden: columns, each with its table, that no feature shows.
    """

    table: str
    kind: Kind
    column: str = ""
    wait: int = 1
    windows: tuple[int, ...] = (30 * DAY, 365 * DAY)
    hidden: frozenset[tuple[str, str]] = frozenset()
