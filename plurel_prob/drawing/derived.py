"""Columns that follow from others: numbers within a parent, copied prices, products, totals and counts of children."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float64

from plurel_prob.declared.schema import Column
from plurel_prob.domains.meanings import words
from plurel_prob.domains.numbers import nearest
from plurel_prob.drawing.dates import times_of_row
from plurel_prob.drawing.plan import Plan, TablePlan
from plurel_prob.drawing.rows import TableRows

Numbers = Float64[np.ndarray, " row"]
LINE_TOTAL = re.compile(r"(?:(?:line|item|row|sub|ext(?:ended)?|net|gross) ?)?(?:total|amount|price|sum)")
TOTAL = re.compile(
    r"(?:(?:grand|sub|order|invoice|sale|cart|basket|net|gross|purchase) ?)*(?:total|amount)(?: (?:amount|price|due|paid))?"
)
TAX, TAX_RATES = re.compile(r"(?:^| )(?:tax|vat)"), (0.05, 0.07, 0.1, 0.19, 0.2, 0.25)
ADDED = re.compile(r"(?:^| )(?:tax|vat|shipping|freight|tip|fee|delivery)(?: (?:cost|fee|amount|charge))?$")


class Line(NamedTuple):
    """A table of lines: what each costs, and how many there are."""

    price: str
    quantity: str
    discount: str | None  # share that is taken off
    total: str | None


def _numbers(table: TablePlan, *meanings: str) -> list[Column]:
    """Columns of numbers of a meaning that nothing else is declared about."""
    if table.guesses is None:
        return []
    meaning = table.guesses.meaning
    return [column for column in table.features if meaning[column.name].name in meanings and table.is_free(column)]


def line_of(table: TablePlan) -> Line | None:
    """How the rows of a table are lines of something, such as an order; None: they are not."""
    prices, quantities = _numbers(table, "price"), _numbers(table, "quantity")
    if len(quantities) != 1 or not table.linked:
        return None
    totals = [c.name for c in _numbers(table, "amount", "price") if LINE_TOTAL.fullmatch(words(c.name))]
    prices = [c for c in prices if c.name not in totals] or prices
    shares = [c.name for c in _numbers(table, "percent") if "discount" in words(c.name)]
    if len(prices) != 1:
        return None
    totals = [name for name in totals if name != prices[0].name]
    return Line(prices[0].name, quantities[0].name, next(iter(shares), None), next(iter(totals), None))


def owner(table: TablePlan) -> int | None:
    """Key to what the lines of a table belong to, such as an order; None: its rows are no lines.

    It is the first that is part of the primary key, or of all the first.
    """
    if line_of(table) is None:
        return None
    keys = [i for i in table.linked if set(table.table.foreign_keys[i].columns) & set(table.table.primary_key)]
    return next(iter(keys or table.linked))


def cover_owners(rows: TableRows) -> None:
    """Give everything that has lines at least one: some rows of those with several are given to those without."""
    i = owner(rows.plan)
    if i is None:
        return
    row = rows.parent_row[i]
    without = np.setdiff1d(rows.able[i], row)
    spare = rows.rng.permutation(np.flatnonzero(pd.Series(row).duplicated().to_numpy() & (row >= 0)))
    n = min(len(without), len(spare))
    row[spare[:n]] = rows.rng.permutation(without)[:n]


def agree(rows: TableRows, made: Mapping[str, TableRows]) -> None:
    """Let keys agree: what has an address, or an account, of somebody is this one's.

    Of a row that refers to a row of entities without times or prices, and to what that row refers to, too, the second key
    follows from the first.
    """
    parents = [rows.key(i).parent for i in rows.plan.linked]
    for i in rows.plan.linked:
        middle = made[rows.key(i).parent]
        if times_of_row(middle.plan) or _numbers(middle.plan, "price") or middle.plan.guesses is None:
            continue
        for k in middle.plan.linked:
            top = middle.key(k).parent
            if parents.count(top) == 1 and parents.count(middle.table.name) == 1:
                j = rows.plan.linked[parents.index(top)]
                found = np.where(rows.parent_row[i] < 0, -1, middle.parent_row[k][np.maximum(rows.parent_row[i], 0)])
                rows.parent_row[j] = np.where(found < 0, rows.parent_row[j], found)


def derive(rows: TableRows, made: Mapping[str, TableRows]) -> None:
    """Set columns of a table that follow from its own and from those of earlier tables.

    - In a primary key, beside keys, a column of whole numbers numbers the rows of each parent, from 1 on.
    - In a table with a quantity, a price is that of the row that it refers to, if one of the parents has a single price.
    - A line's total is the price times the quantity, less the discount.
    """
    if rows.plan.guesses is None:
        return
    _number_within(rows)
    line = line_of(rows.plan)
    if line is None:
        return
    for i in rows.plan.linked:
        parent = made[rows.key(i).parent]
        prices = _numbers(parent.plan, "price")
        if len(prices) == 1:
            row = rows.parent_row[i]
            value = parent.number(prices[0].name)[np.maximum(row, 0)]
            _set(rows, line.price, value, among=(row >= 0) & np.isfinite(value))
            break
    if line.total is not None:
        _set(rows, line.total, line_values(rows, line))


def line_values(rows: TableRows, line: Line) -> Numbers:
    """What the lines of a table cost; 0 where the price or the quantity is missing."""
    value = rows.number(line.price) * rows.number(line.quantity)
    if line.discount is not None:
        off = np.nan_to_num(rows.number(line.discount))
        value = value * (1 - np.where(off > 1, off / 100, off))
    return np.round(np.nan_to_num(value), 2)


def _number_within(rows: TableRows) -> None:
    primary = set(rows.table.primary_key)
    own = [column for column in rows.plan.features if column.name in primary]
    keys = [i for i in (*rows.plan.linked, *rows.plan.joined) if set(rows.key(i).columns) < primary]
    if len(own) != 1 or own[0].kind != "integer" or not keys or rows.plan.rules_on(own[0]):
        return
    parents = pd.DataFrame({i: rows.parent_row[i] for i in keys})
    number = parents.groupby(list(parents), sort=False).cumcount().to_numpy(np.float64)
    domain = rows.domain[own[0].name]
    _set(rows, own[0].name, number + max(1.0, float(domain.axis(np.zeros(1, np.int64))[0])))


def _set(rows: TableRows, name: str, value: Numbers, among: np.ndarray | None = None) -> None:
    """Give a column the values of its domain that are next to some numbers."""
    place = nearest(rows.domain[name], np.where(np.isfinite(value), value, 0))
    chosen = np.ones(rows.n_row, bool) if among is None else among
    rows.place[name] = np.where(chosen, place, rows.place[name])
    if name in rows.missing:
        rows.missing[name] = rows.missing[name] & ~chosen


def derive_totals(plan: Plan, made: Mapping[str, TableRows]) -> None:
    """Set columns that follow from later tables.

    - The total of what has lines is their sum; with columns for a subtotal and for what is added to it, that is the sum, and the
      total has the others, too, of which a tax is a share of the subtotal.
    - A whole number that is called after a later table, such as ``n_orders`` or ``order_count``, is the number of its rows.
    - The amount of what there is once for each of another, such as a payment, is this one's total.
    """
    for child in plan.tables:
        for i in child.linked:
            key = child.table.foreign_keys[i]
            rows, lines, line = made[key.parent], made[child.table.name], line_of(child)
            row = lines.parent_row[i]
            count = np.bincount(row[row >= 0], minlength=rows.n_row).astype(np.float64)
            names = [c.name for c in rows.plan.features if c.kind == "integer" and counts(words(c.name), words(child.table.name))]
            for name in names:
                if rows.plan.is_free(rows.table.column(name)):
                    _set(rows, name, count)
            if line is not None and i == owner(child):
                value = np.bincount(row[row >= 0], line_values(lines, line)[row >= 0], minlength=rows.n_row)
                _set_totals(rows, value)
    _copy_totals(plan, made)


def _copy_totals(plan: Plan, made: Mapping[str, TableRows]) -> None:
    for table in plan.tables:
        for i in table.linked:
            key, rows = table.table.foreign_keys[i], made[table.table.name]
            totals = [c.name for c in _numbers(made[key.parent].plan, "amount") if TOTAL.fullmatch(words(c.name))]
            totals = [name for name in totals if not words(name).startswith("sub")]
            amounts = [
                c.name for c in _numbers(table, "amount") if re.search(r"(?:^| )(?:amount|total|paid|payment)$", words(c.name))
            ]
            if is_one_to_one(table, i) and len(totals) == len(amounts) == 1:
                value = made[key.parent].number(totals[0])[np.maximum(rows.parent_row[i], 0)]
                _set(rows, amounts[0], value, among=np.isfinite(value) & (rows.parent_row[i] >= 0))


def is_one_to_one(table: TablePlan, i: int) -> bool:
    """Whether at most one row refers to each by a key."""
    return any(set(columns) <= set(table.table.foreign_keys[i].columns) for columns in table.unique)


def _set_totals(rows: TableRows, value: Numbers) -> None:
    """Set the totals of rows whose lines sum to some numbers."""
    totals = [column.name for column in _numbers(rows.plan, "amount") if TOTAL.fullmatch(words(column.name))]
    subtotals = [name for name in totals if words(name).startswith("sub")]
    others = [column.name for column in _numbers(rows.plan, "amount", "price") if ADDED.search(words(column.name))]
    for name in subtotals or totals:
        _set(rows, name, value)
    if subtotals:
        for name in (name for name in others if TAX.search(words(name))):
            _set(rows, name, np.round(value * TAX_RATES[int(rows.at(name) * len(TAX_RATES))], 2))
        added = [np.nan_to_num(rows.number(name)) for name in others if name not in totals]
        for name in set(totals) - set(subtotals):
            _set(rows, name, value + np.sum(added, axis=0) if added else value)


def counts(name: str, table: str) -> bool:
    """Whether a column counts the rows of a table, by the words of both names."""
    one = re.sub(r"(?:es|s)$", "", table) or table
    thing = rf"(?:{re.escape(table)}|{re.escape(one)}(?:s|es)?)"
    return re.fullmatch(rf"(?:n|num|number of|count of|total) {thing}|{thing} count", name) is not None
