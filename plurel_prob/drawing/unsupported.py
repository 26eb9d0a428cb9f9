"""Constraints that are not honoured: those that no row was found for, and how many rows break each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from plurel_prob.declared.row_tests import broken_rows
from plurel_prob.declared.schema import DeclaredSchema, DeclaredTable, Refusal, Rule
from plurel_prob.domains.fitting import FitError
from plurel_prob.drawing.plan import plan_of
from plurel_prob.drawing.rows import TableRows
from plurel_prob.drawing.rules import keep_rules
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.files import new_file
from plurel_prob.stores.arrow import arrow_of

N_PROBE = 100  # rows
WINDOW = 14_600, 20_000  # of the probe, in days


def drawable(schema: DeclaredSchema) -> DeclaredSchema:
    """Move the rules that no rows are found for, keys aside, to what a schema ignores."""
    tables, refusals = [], list(schema.ignored)
    for table in schema.tables:
        found = _impossible(table)
        while found:
            refusals += [Refusal(_where(table, rule), reason, rule.line, table.name, rule.text) for rule, reason in found]
            table = replace(table, rules=tuple(rule for rule in table.rules if rule not in dict(found)))
            found = _impossible(table)
        tables.append(table)
    ordered = sorted(refusals, key=lambda refusal: refusal.line or 0)
    return replace(schema, tables=tuple(tables), ignored=tuple(ordered)) if len(ordered) > len(schema.ignored) else schema


def _where(table: DeclaredTable, rule: Rule) -> str:
    return f"table {table.name}: CHECK ({shown(rule.text, 200)}), column {shown(', '.join(rule.columns))}"


def _impossible(table: DeclaredTable) -> list[tuple[Rule, str]]:
    """Rules of a table that rows of its columns cannot be made to keep, and why."""
    mentioned = {name for rule in table.rules for name in rule.columns}
    if not mentioned:
        return []
    columns = tuple(column for column in table.columns if column.name in mentioned)
    alone = DeclaredTable(table.name, columns, rules=table.rules)
    (plan,) = plan_of(DeclaredSchema((alone,), "")).tables
    rows = TableRows(plan, N_PROBE, "", np.random.default_rng(0), 0.3, WINDOW)
    try:
        rows.set_features([(0, rows.rng.normal(size=N_PROBE)) for _ in plan.features])
    except FitError as error:
        return [(rule, error.reason) for rule in error.rules]
    rows.set_codes({})
    keep_rules(rows, (), {})
    reason = "no row was found that satisfies it; change it, or leave it out"
    return [(rule, reason) for rule in plan.rules if broken_rows([rule.text], rows.values_of(rule.columns)).any()]


def ignored_lines(schema: DeclaredSchema, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Say of each constraint that a schema ignores how many rows break it, if this can be told."""
    return [_line(refusal, schema, tables) for refusal in schema.ignored]


def _line(refusal: Refusal, schema: DeclaredSchema, tables: Mapping[str, pd.DataFrame]) -> str:
    line = "" if refusal.line is None else f"line {refusal.line}, "
    count = "rows are not tested by it"
    if refusal.check and refusal.table in tables:
        rows = arrow_of(tables[refusal.table], schema.table(refusal.table))
        try:
            count = f"{int(broken_rows([refusal.check], rows).sum()):,} of {rows.num_rows:,} rows break it"
        except DatabaseError:
            pass  # DuckDB has not what it needs
    return f"{line}{refusal.where}: {count} ({refusal.reason})"


HEAD = "Constraints of "  # first words of the list


def ignored_of(target: Path) -> Path:
    """File beside a store with the constraints that it ignores."""
    return target.with_name(f"{target.name}.ignored.txt")


def write_ignored(target: Path, source: str, lines: Sequence[str]) -> None:
    """Write down beside a store which constraints of its schema it ignores; without any, there is no such file.

    Raises:
        DatabaseError: something else has its name, or it cannot be written.
    """
    path = ignored_of(target)
    if path.exists() and not (path.is_file() and path.read_bytes().startswith(HEAD.encode())):
        raise DatabaseError(f"{path}: is no list of constraints that a store ignores; move it away")
    if lines:
        with new_file(path, overwrite=True) as new:
            new.write_text("\n".join([f"{HEAD}{source} that do not hold here:", *lines]) + "\n", encoding="utf-8")
    else:
        path.unlink(missing_ok=True)
