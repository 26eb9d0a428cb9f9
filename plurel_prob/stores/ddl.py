"""Declared schemas as SQL, in the dialects of the stores."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey
from plurel_prob.declared.arrow_types import label_type
from plurel_prob.declared.literals import decimal_of
from plurel_prob.declared.narrow import steps_of
from plurel_prob.declared.schema import Number, quoted
from plurel_prob.errors import DatabaseError
from plurel_prob.stores.alike import with_keys_alike
from plurel_prob.stores.conditions import Dialect, condition_of, index_statements, ruled
from plurel_prob.stores.types import with_types

MAX_NAME = 63  # bytes of a name, and of an enumeration's label, in PostgreSQL
INTEGERS: dict[str, dict[int | None, str]] = {
    "sqlite": {None: "INTEGER", 8: "TINYINT", 16: "SMALLINT", 32: "INT", 64: "BIGINT"},
    "duckdb": {None: "HUGEINT", 8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT"},
    "postgresql": {None: "DECIMAL(39, 0)", 8: "SMALLINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT"},
}
NAMES: dict[str, dict[str, str]] = {
    "sqlite": {"float": "DOUBLE PRECISION", "blob": "BLOB"},
    "duckdb": {"float": "DOUBLE", "blob": "BLOB"},
    "postgresql": {"float": "DOUBLE PRECISION", "blob": "BYTEA"},
}
DEFERRED = " DEFERRABLE INITIALLY DEFERRED"
COMMON = {"boolean": "BOOLEAN", "date": "DATE", "interval": "INTERVAL", "text": "TEXT", "uuid": "UUID", "json": "JSON"}


def ddl_of(declared: DeclaredSchema, dialect: Dialect) -> str:
    """Give the SQL that declares all tables: types, defaults, primary and foreign keys, and other constraints.

    What a dialect has no type for is the closest that holds all values, and a ``CHECK``: unsigned integers but in DuckDB, and
    enumerations in SQLite, or in keys. A foreign key has the type of what it refers to in DuckDB. Decimals without a precision
    have 38 digits, ten of them after the point, in DuckDB. Types of extensions are text, as a store may not have them.
    """
    declared, _ = with_types(declared, dialect, lambda name: False)
    return "".join(f"{statement};\n\n" for statement in statements_of(declared, dialect))


def statements_of(
    declared: DeclaredSchema, dialect: Dialect, left_out: Collection[tuple[str, ForeignKey]] = (), *, keys_last: bool = True
) -> list[str]:
    """Give the statements of :func:`ddl_of`: types, tables in their order, indexes, and in PostgreSQL foreign keys after them.

    Args:
        declared: the schema.
        dialect: of SQL.
        left_out: foreign keys that are not declared, with the names of their tables.
        keys_last: whether PostgreSQL's foreign keys are there; without them, :func:`key_statements` gives them.
    """
    check_names(declared, dialect)
    declared = with_keys_alike(declared, same_types=dialect == "duckdb")
    types = [statement for table in declared.tables for statement in _types(table, dialect)]
    indexes = [statement for table in declared.tables for statement in index_statements(table, dialect)]
    tables = [_create(table, dialect, {key for name, key in left_out if name == table.name}) for table in declared.tables]
    return [*types, *tables, *indexes, *(key_statements(declared) if dialect == "postgresql" and keys_last else ())]


def key_statements(declared: DeclaredSchema, *, are_deferred: bool = False) -> list[str]:
    """Statements that add the foreign keys to tables that are there; such as are checked when a transaction ends, or at once."""
    end = DEFERRED if are_deferred else ""
    return [f"ALTER TABLE {quoted(t.name)} ADD {_foreign(key)}{end}" for t in declared.tables for key in t.foreign_keys]


def check_names(declared: DeclaredSchema, dialect: Dialect) -> None:
    """Refuse names that the store would take for others.

    Raises:
        DatabaseError: two differ in case only, or one is too long for PostgreSQL.
    """
    groups = [("tables", [t.name for t in declared.tables])]
    groups += [(f"columns of {t.name}", [c.name for c in t.columns]) for t in declared.tables]
    for what, names in groups:
        seen: dict[str, str] = {}
        for name in names:
            folded = name if dialect == "postgresql" else name.lower()
            if folded in seen:
                same = f"{seen[folded]} and {name}"
                raise DatabaseError(f"{declared.source}: {dialect} takes the {what} {same} for one; rename one")
            if dialect == "postgresql" and len(name.encode()) > MAX_NAME:
                raise DatabaseError(f"{declared.source}: {name} is longer than the {MAX_NAME} bytes that PostgreSQL knows")
            seen[folded] = name


def literal(value: str | Number) -> str:
    """Value as SQL's literal, with all its digits."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**63 else repr(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def enumeration(table: DeclaredTable, column: Column) -> str:
    """Name of the PostgreSQL type of a category."""
    return f"{table.name}.{column.name}"


def is_enumeration(table: DeclaredTable, column: Column, dialect: Dialect) -> bool:
    """Whether a category is an enumeration of the dialect, rather than a type with a ``CHECK``, as one is that rules compare."""
    if (
        column.name in ruled(table)
        or column.kind != "category"
        or dialect == "sqlite"
        or not all(isinstance(label, str) for label in column.labels)
    ):
        return False
    names = [enumeration(table, column), *map(str, column.labels)]
    return dialect == "duckdb" or all(len(name.encode()) <= MAX_NAME for name in names)


def _types(table: DeclaredTable, dialect: Dialect) -> Iterator[str]:
    for column in table.columns:
        if dialect == "postgresql" and is_enumeration(table, column, dialect):
            labels = ", ".join(map(literal, column.labels))
            yield f"CREATE TYPE {quoted(enumeration(table, column))} AS ENUM ({labels})"


def _create(table: DeclaredTable, dialect: Dialect, left_out: Collection[ForeignKey]) -> str:
    parts = [_column(table, column, dialect) for column in table.columns]
    if table.primary_key:
        parts.append(f"PRIMARY KEY ({_list(table.primary_key)})")
    parts += [f"UNIQUE ({_list(columns)})" for columns in table.unique]
    parts += [f"CHECK ({quoted(o.low)} {'<' if o.is_strict else '<='} {quoted(o.high)})" for o in table.orders]
    parts += [f"CHECK ({text})" for rule in table.rules if (text := condition_of(rule, table, dialect))]
    if dialect != "postgresql":
        deferred = DEFERRED if dialect == "sqlite" else ""
        parts += [_foreign(key) + deferred for key in table.foreign_keys if key not in left_out]
    return f"CREATE TABLE {quoted(table.name)} (\n  " + ",\n  ".join(parts) + "\n)"


def _list(names: Collection[str]) -> str:
    return ", ".join(map(quoted, names))


def _foreign(key: ForeignKey) -> str:
    return f"FOREIGN KEY ({_list(key.columns)}) REFERENCES {quoted(key.parent)} ({_list(key.parent_columns)})"


def _column(table: DeclaredTable, column: Column, dialect: Dialect) -> str:
    parts = [quoted(column.name), type_of(table, column, dialect)]
    if not column.is_nullable:
        parts.append("NOT NULL")
    if column.default is not None and column.kind != "blob":
        parts.append(f"DEFAULT {_default(column.kind, column.default)}")
    return " ".join([*parts, *(f"CHECK ({condition})" for condition in _conditions(table, column, dialect))])


def type_of(table: DeclaredTable, column: Column, dialect: Dialect) -> str:
    """Type of a column in a dialect."""
    kind = column.kind
    if column.other is not None and column.other.dialect == dialect and column.other.name and kind != "category":
        return column.other.name
    if kind == "integer":
        return _integer(column, dialect)
    if kind == "decimal":
        if column.precision is None:
            return {"duckdb": "DECIMAL(38, 10)", "sqlite": "DECIMAL", "postgresql": "NUMERIC"}[dialect]
        return f"DECIMAL({column.precision}, {column.scale or 0})"
    if kind == "category":
        if is_enumeration(table, column, dialect):
            whole = f"ENUM ({', '.join(map(literal, column.labels))})"
            return quoted(enumeration(table, column)) if dialect == "postgresql" else whole
        if all(isinstance(label, str) for label in column.labels):
            return "TEXT"
        labels = label_type(column)
        if pa.types.is_decimal(labels):
            return f"DECIMAL({labels.precision}, {labels.scale})"
        return "BIGINT" if pa.types.is_integer(labels) else NAMES[dialect]["float"]
    if kind in ("time", "timestamp"):
        return kind.upper() + (" WITH TIME ZONE" if column.has_zone else "")
    if kind == "text" and column.length is not None:
        return f"VARCHAR({column.length})"
    return NAMES[dialect].get(kind) or COMMON[kind]


def _integer(column: Column, dialect: Dialect) -> str:
    if not column.is_unsigned:
        return INTEGERS[dialect][column.bits]
    if dialect == "duckdb":
        return "U" + INTEGERS[dialect][column.bits]
    wider = {8: 16, 16: 32, 32: 64}.get(column.bits or 64)
    if column.bits is None:
        return INTEGERS[dialect][None]
    return INTEGERS[dialect][wider] if wider else ("DECIMAL(20, 0)" if dialect == "postgresql" else "BIGINT")


def _default(kind: str, default: str) -> str:
    """Default as SQL's literal."""
    if kind == "boolean":
        return "TRUE" if default.lower() in ("true", "t", "1", "yes", "on") else "FALSE"
    if kind in ("integer", "decimal", "float"):
        try:
            float(default)
        except ValueError:
            return literal(default)
        return default
    return literal(default)


def _conditions(table: DeclaredTable, column: Column, dialect: Dialect) -> Iterator[str]:
    """Conditions of CHECK constraints on a column."""
    name = quoted(column.name)
    if column.is_unsigned and dialect != "duckdb" and column.low is None:
        yield f"{name} >= 0"
    if dialect == "duckdb" and column.kind == "decimal" and column.precision is not None:
        column = _within_type(column, column.precision, column.scale or 0)
    if column.low is not None:
        yield f"{name} {'>' if column.is_low_open else '>='} {literal(column.low)}"
    if column.high is not None:
        yield f"{name} {'<' if column.is_high_open else '<='} {literal(column.high)}"
    if column.labels and not is_enumeration(table, column, dialect):
        yield f"{name} IN ({', '.join(map(literal, column.labels))})"
    if column.kind == "text" and column.length is not None and dialect != "postgresql":
        yield f"length({name}) <= {column.length}"


def _within_type(column: Column, precision: int, scale: int) -> Column:
    """Column with the same values, whose bounds are of its type: DuckDB cannot compare decimals with others."""
    first, last = steps_of(column, 10**scale)
    most = 10**precision
    low = decimal_of(first, scale) if first is not None and -most < first < most else None
    high = decimal_of(last, scale) if last is not None and -most < last < most else None
    return replace(column, low=low, high=high, is_low_open=False, is_high_open=False)
