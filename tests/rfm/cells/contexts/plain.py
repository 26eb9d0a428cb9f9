"""The law of contexts once more, in plain Python on data frames; see ``kernel.py``."""

import math
from collections import deque

import numpy as np
import pandas as pd

from plurel_prob.databases import Database
from plurel_prob.databases.disk import column_type
from plurel_prob.rfm.cells.contexts import BOOLEAN, DATETIME, NUMBER, TEXT

NEVER = 1e300  # time of a row in a table with times that has none
GOLDEN, MASK = 0x9E3779B97F4A7C15, 2**64 - 1


def mix(x: int) -> int:
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return x ^ (x >> 31)


class Draws:
    """Random numbers of a context, one after another."""

    def __init__(self, seed: int, number: int, first: int = 3):
        self.key, self.draw = mix((mix(seed) + number) & MASK), first

    def below(self, n: int) -> int:
        self.draw += 1
        return (mix((self.key + self.draw * GOLDEN) & MASK) >> 32) * n >> 32


class Plain:
    """A database by rows ``(table, row)``; seen are rows up to ``until``, means and deviations are of rows up to ``val``."""

    def __init__(self, database: Database, val: pd.Timestamp, until: pd.Timestamp | None = None):
        self.frames, self.schemas = database.tables, database.schema.tables
        self.cell = {(table, name): frame[name].tolist() for table, frame in self.frames.items() for name in frame}
        self.until = 1e200 if until is None else until.timestamp()
        self.rows = [(table, row) for table, frame in self.frames.items() for row in range(len(frame))]
        self.place = {row: i for i, row in enumerate(self.rows)}
        self.time = {row: self.time_of(*row) for row in self.rows}
        self.parents = {row: self.parents_of(*row) for row in self.rows}
        self.children: dict[tuple, list] = {row: [] for row in self.rows}
        for row in sorted(self.rows, key=lambda row: (self.time[row], self.place[row])):
            for parent in {parent for parent in self.parents[row] if parent}:
                self.children[parent].append(row)
        self.describe(min(val.timestamp(), self.until))
        self.cells = {row: self.cells_of(*row) for row in self.rows}

    def time_of(self, table: str, row: int) -> float:
        if self.schemas[table].time_col is None:
            return -math.inf
        time = self.cell[table, self.schemas[table].time_col][row]
        return NEVER if pd.isna(time) else time.timestamp()

    def parents_of(self, table: str, row: int) -> list[tuple | None]:
        values = [(parent, self.cell[table, key][row]) for key, parent in self.schemas[table].fkeys.items()]
        return [None if pd.isna(value) else (parent, int(value)) for parent, value in values]

    def describe(self, last: float) -> None:
        """Kind, mean and standard deviation of the columns that are not constant, in order."""
        kinds = {"numerical": NUMBER, "boolean": BOOLEAN, "time": DATETIME, "text": TEXT, "categorical": TEXT}
        self.columns, clock = {}, []
        for table, frame in self.frames.items():
            schema = self.schemas[table]
            for name in frame.columns.drop([key for key in (schema.pkey, *schema.fkeys) if key]):
                cells = [self.value(table, name, row) for row in range(len(frame)) if self.time[table, row] <= last]
                cells = [cell for cell in cells if cell is not None]
                if len(set(cells)) > 1:
                    kind = kinds[column_type(frame[name])]
                    clock += cells if kind == DATETIME else []
                    self.columns[table, name] = (kind, 0, 1) if kind == TEXT else (kind, np.mean(cells), np.std(cells))
        for column, (kind, *_) in self.columns.items():
            if kind == DATETIME:
                self.columns[column] = (kind, np.mean(clock), np.std(clock))

    def value(self, table: str, name: str, row: int) -> float | str | None:
        cell = self.cell[table, name][row]
        if pd.isna(cell):
            return None
        return cell.timestamp() if isinstance(cell, pd.Timestamp) else cell if isinstance(cell, str) else float(cell)

    def cells_of(self, table: str, row: int) -> list[tuple]:
        """Column, kind, and text or normalised value of a row's cells."""
        cells = []
        for (of, name), (kind, mean, std) in self.columns.items():
            value = self.value(table, name, row) if of == table else None
            if value is not None:
                cells.append(((table, name), kind, value if kind == TEXT else (value - mean) / std))
        return cells

    def context(self, target: tuple, column: tuple, draws: Draws, n_place: int) -> tuple[list, list, list]:
        """Rows that enter, those of them with a cell, and the cells, each with its row."""
        as_of = {-math.inf: self.until, NEVER: -math.inf}.get(self.time[target], min(self.time[target], self.until))
        queue, candidates, depth = deque([(target, 0)]), [], -1
        entered: dict[tuple, int] = {}
        numbered, cells = [target], [(target, cell) for cell in self.cells[target] if cell[0] == column]
        while not entered or max(len(cells), len(entered)) < n_place:
            if queue:
                row, row_depth = queue.popleft()
            elif candidates:
                i = draws.below(len(candidates))
                row, row_depth = candidates[i], depth + 1
                candidates[i] = candidates[-1]
                candidates.pop()
            elif depth < max(entered.values()):
                depth += 1
                for row in [row for row in entered if entered[row] == depth]:
                    candidates += subset([child for child in self.children[row] if self.time[child] <= as_of], draws)
                continue
            else:
                break
            if row in entered:
                continue
            entered[row] = row_depth
            new = [(row, cell) for cell in self.cells[row] if row != target or cell[0] != column][: n_place - len(cells)]
            cells += new
            numbered += [row] if new and row != target else []
            queue += [(parent, row_depth + 1) for parent in self.parents[row] if parent and self.time[parent] <= as_of]
        return list(entered), numbered, cells


def subset(children: list, draws: Draws, most: int = 128) -> list:
    """All children, or some of them, each subset with the same chance."""
    if len(children) <= most:
        return children
    children = list(children)
    for i in range(most):
        j = i + draws.below(len(children) - i)
        children[i], children[j] = children[j], children[i]
    return children[:most]
