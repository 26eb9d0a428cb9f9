"""How many rows tables have: as asked for, or by the prior, where keys and unique columns allow as many."""

from collections.abc import Mapping

import numpy as np

from plurel_prob.domains.columns import domain_within
from plurel_prob.drawing.growth import grown_counts
from plurel_prob.drawing.plan import Plan, TablePlan
from plurel_prob.drawing.program import counts_of
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.priors import Prior
from plurel_prob.priors.stages import MAX_ROW


def row_counts(plan: Plan, prior: Prior, rows: Mapping[str, int], seed: int, window: tuple[int, int]) -> list[int]:
    """Numbers of rows of all tables, parents first.

    Where it is guessed what columns mean, they follow from kinds (:func:`plurel_prob.drawing.growth.grown_counts`). By the prior,
    tables that others refer to have as many as its entity tables, others as its activity tables, or they have as many as follow
    from the rows of their parents. They are fewer, where a key or unique columns have too few values: all of them, or half of the
    combinations.

    Raises:
        DatabaseError: rows are asked for of a table that there is not, or more than there are values.
    """
    names = [table.table.name for table in plan.tables]
    for name, n in rows.items():
        if name not in names:
            raise DatabaseError(f"--rows {name}={n}: there is no such table; there are {', '.join(sorted(names))}")
        if not 1 <= n <= MAX_ROW:
            raise DatabaseError(f"--rows {shown(name)}={shown(n)}: a table has a row at least, and {MAX_ROW:,} at most")
    drawn = grown_counts(plan, rows, seed) if plan.is_guessed else counts_of(prior, plan, rows, seed)
    found = dict[str, int]()
    while True:  # until nothing changes, as keys can refer to tables that come later
        before = dict(found)
        for table, n in zip(plan.tables, drawn, strict=True):
            found[table.table.name] = _row_count(plan, table, rows.get(table.table.name), n, found, window)
        if found == before:
            return [found[name] for name in names]


def _row_count(plan: Plan, table: TablePlan, asked: int | None, n: int, found: Mapping[str, int], window: tuple[int, int]) -> int:
    """Rows of a table: as many as are asked for, or ``n``, but no more than there is room for."""
    name = table.table.name
    for columns in table.unique:
        most, n_part = capacity(table, columns, found, window)
        if asked is not None and asked > most:
            unique = f"({', '.join(columns)}) is unique, with {most:,.0f} different values at most"
            hint = "give fewer, or more to its parents" + ("; --values syllables can have more" if plan.is_guessed else "")
            raise DatabaseError(f"--rows {name}={asked}: {plan.schema.source}: {name}.{unique}; {hint}")
        n = min(n, int(min(most, 2**53)) if n_part == 1 else max(1, int(min(most, 2**53)) // 2))
    return n if asked is None else asked


def capacity(table: TablePlan, columns: tuple[str, ...], n_row: Mapping[str, int], window: tuple[int, int]) -> tuple[float, int]:
    """How many rows columns can tell apart, and how many parts they consist of: keys, and columns of their own."""
    sizes, left = [], set(columns)
    for i in (*table.linked, *table.joined, *table.inner, *table.late):
        key = table.table.foreign_keys[i]
        if set(key.columns) & left:
            sizes.append(float(n_row.get(key.parent, np.inf)) if key.parent != table.table.name else np.inf)
            left -= set(key.columns)
    for column in (*table.features, *table.counted):
        if column.name in left:
            left.remove(column.name)
            rng, where = np.random.default_rng(0), f"{table.table.name}.{column.name}"
            is_counted, rules = column in table.counted, table.rules_on(column)
            guess = None if table.guesses is None else table.guesses.guess(column, {}, 0)
            domain = domain_within(rules, column, rng, 1000, window, where, is_counted=is_counted, guess=guess)
            sizes.append(float(domain.size))
    return float(np.prod(sizes)), len(sizes)
