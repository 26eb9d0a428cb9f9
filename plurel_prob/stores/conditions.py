"""Rules and unique indexes in the dialects of the stores, and which of them a store cannot keep."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Literal

from plurel_prob.declared.schema import DeclaredSchema, DeclaredTable, Rule, UniqueIndex, quoted
from plurel_prob.errors import shown

Dialect = Literal["sqlite", "duckdb", "postgresql"]
TIMES = ("timestamp", "time", "interval")  # which SQLite would compare as texts


def ruled(table: DeclaredTable) -> set[str]:
    """Columns that rules or unique indexes mention: these are texts where they could be enumerations."""
    parts: list[Rule | UniqueIndex] = [*table.rules, *table.indexes]
    parts += [index.where for index in table.indexes if index.where is not None]
    return {name for part in parts for name in part.columns}


def condition_of(rule: Rule, table: DeclaredTable, dialect: Dialect) -> str:
    """Condition in a dialect; empty where it has none that means the same."""
    return expression_of(rule.text, table, dialect)


def expression_of(text: str, table: DeclaredTable, dialect: Dialect) -> str:
    """Expression of DuckDB's in another dialect; empty where it has none that means the same."""
    if dialect == "duckdb":
        return text
    import sqlglot

    tree = sqlglot.parse_one(text, dialect="duckdb")
    if dialect == "postgresql":
        return str(tree.sql("postgres"))
    return _of_sqlite(tree, table)


def _of_sqlite(tree: Any, table: DeclaredTable) -> str:
    """Expression of SQLite, which keeps times as texts, has no type of dates, and for which LIKE takes a for A."""
    from sqlglot import exp

    times = {column.name for column in table.columns if column.kind in TIMES}
    if any(column.name in times and not isinstance(column.parent, exp.Is) for column in tree.find_all(exp.Column)):
        return ""
    if any(node.find_ancestor(exp.Not) or node.args.get("negate") for node in tree.find_all(exp.Like)):
        return ""
    casts = lambda node: node.this if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) else node  # noqa: E731
    text = str(tree.transform(casts).sql("sqlite"))
    columns = ", ".join(f"1 AS {quoted(column.name)}" for column in table.columns)
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute(f"SELECT ({text}) FROM (SELECT {columns})")
        except sqlite3.Error:
            return ""
    return text


def index_statements(table: DeclaredTable, dialect: Dialect) -> Iterator[str]:
    """Statements of the unique indexes that a dialect has."""
    for i, index in enumerate(table.indexes):
        keys = [expression_of(key, table, dialect) for key in index.keys]
        where = "" if index.where is None else condition_of(index.where, table, dialect)
        if not all(keys) or (index.where is not None and not where) or not _has(index, dialect):
            continue
        name = "" if dialect == "postgresql" else quoted(f"unique_{i} of {table.name}") + " "
        nulls = " NULLS NOT DISTINCT" if index.are_missing_alike else ""
        listed = ", ".join(key if key in map(_column, table.columns) else f"({key})" for key in keys)
        yield f"CREATE UNIQUE INDEX {name}ON {quoted(table.name)} ({listed}){nulls}" + (f" WHERE {where}" if where else "")


def _column(column: Any) -> str:
    return quoted(column.name)


def _has(index: UniqueIndex, dialect: Dialect) -> bool:
    """Whether a dialect has such indexes."""
    return (dialect != "duckdb" or index.where is None) and (dialect == "postgresql" or not index.are_missing_alike)


def lost(declared: DeclaredSchema, dialect: Dialect) -> list[str]:
    """Constraints that a store does not keep, though its rows do, in words."""
    found = []
    for table in declared.tables:
        rules = [rule.text for rule in table.rules if not condition_of(rule, table, dialect)]
        found += [f"{table.name}: CHECK ({shown(text, 200)}): {dialect} has nothing that means the same" for text in rules]
        n_left = len(table.indexes) - len(list(index_statements(table, dialect)))
        if n_left:
            found.append(f"{table.name}: {n_left} unique indexes: {dialect} has no such ones")
    return found
