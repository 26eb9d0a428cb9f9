"""What is declared of a database in RelBench form: as its frames have it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd

from plurel_prob.databases import TableSchema
from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey
from plurel_prob.errors import DatabaseError


def infer_declared(tables: dict[str, pd.DataFrame], schemas: dict[str, TableSchema], source: str) -> DeclaredSchema:
    """Declare a database in RelBench form: keys are 64-bit integers, other columns what their values are, nullable where one is
    missing. Floats are of 64 bits, times of microseconds.

    Raises:
        DatabaseError: a column holds what no kind of column can, such as lists; or a key refers to a table without a primary key.
    """
    return DeclaredSchema(tuple(_table(name, tables[name], schemas, source) for name in schemas), source)


def _table(name: str, frame: pd.DataFrame, schemas: dict[str, TableSchema], source: str) -> DeclaredTable:
    schema, columns, fkeys = schemas[name], [], []
    for key, parent in schema.fkeys.items():
        pkey = schemas[parent].pkey if parent in schemas else None
        if pkey is None:
            raise DatabaseError(f"{source}: {name}.{key} refers to {parent}, which has no primary key, or is no table")
        fkeys.append(ForeignKey((key,), parent, (pkey,)))
    for column in frame.columns:
        is_nullable = bool(frame[column].isna().any())
        if column == schema.pkey or column in schema.fkeys:
            columns.append(Column(column, "integer", is_nullable, 64, str(frame[column].dtype).lower().startswith("u")))
        else:
            columns.append(infer_column(frame[column], is_nullable, f"{source}: {name}.{column}"))
    return DeclaredTable(name, tuple(columns), (schema.pkey,) if schema.pkey else (), foreign_keys=tuple(fkeys))


def infer_column(values: pd.Series, is_nullable: bool, where: str) -> Column:
    """Declare a column as its values are.

    Raises:
        DatabaseError: it holds what no kind of column can.
    """
    name, dtype = str(values.name), values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        labels = tuple(values.cat.categories.tolist())
        same = [all(isinstance(label, kind) and not isinstance(label, bool) for label in labels) for kind in (str, int, float)]
        if labels and any(same):
            return Column(name, "category", is_nullable, labels=labels)
        return infer_column(values.astype(object), is_nullable, where)
    if pd.api.types.is_bool_dtype(dtype):
        return Column(name, "boolean", is_nullable)
    if pd.api.types.is_integer_dtype(dtype):
        text = str(dtype).lower()
        return Column(name, "integer", is_nullable, bits=int(text.rpartition("int")[2]), is_unsigned=text.startswith("u"))
    if pd.api.types.is_float_dtype(dtype):
        return Column(name, "float", is_nullable)
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return Column(name, "timestamp", is_nullable, has_zone=values.dt.tz is not None)
    if dtype.kind == "m":
        return Column(name, "interval", is_nullable)
    found = pd.api.types.infer_dtype(values, skipna=True)
    if found not in OBJECTS:
        raise DatabaseError(f"{where} holds values of type {found}, which no column of a store can; leave the column out")
    return OBJECTS[found](name, is_nullable, values)


def _decimal(name: str, is_nullable: bool, values: pd.Series) -> Column:
    """As many digits before and after the point as the values have."""
    whole, scale = 1, 0
    for value in values.dropna():
        sign, digits, exponent = Decimal(value).as_tuple()
        if not isinstance(exponent, int):
            raise DatabaseError(f"{name}: {value} is no number; decimals are finite")
        whole, scale = max(whole, len(digits) + exponent), max(scale, -exponent)
    return Column(name, "decimal", is_nullable, precision=whole + scale, scale=scale)


def _kind(kind: Any) -> Callable[[str, bool, pd.Series], Column]:
    return lambda name, is_nullable, values: Column(name, kind, is_nullable)


OBJECTS: dict[str, Callable[[str, bool, pd.Series], Column]] = {
    "string": _kind("text"),
    "empty": _kind("text"),
    "boolean": _kind("boolean"),
    "integer": lambda name, is_nullable, values: Column(name, "integer", is_nullable, bits=64),
    "floating": _kind("float"),
    "mixed-integer-float": _kind("float"),
    "decimal": _decimal,
    "date": _kind("date"),
    "datetime": lambda name, is_nullable, values: Column(
        name, "timestamp", is_nullable, has_zone=any(value.tzinfo for value in values.dropna())
    ),
    "time": _kind("time"),
    "timedelta": _kind("interval"),
    "bytes": _kind("blob"),
}
