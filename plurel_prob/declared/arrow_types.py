"""Arrow's types for the values of declared columns."""

from decimal import Decimal

import pyarrow as pa

from plurel_prob.declared.schema import Column
from plurel_prob.errors import DatabaseError

MAX_DIGIT = 76
TYPES = {
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "interval": pa.duration("us"),
    "text": pa.string(),
    "uuid": pa.string(),
    "json": pa.string(),
    "blob": pa.binary(),
}


def arrow_type(column: Column) -> pa.DataType | None:
    """Type that holds the values of a column; None for integers of more than 64 bits and decimals without a precision: as their
    values need.

    Raises:
        DatabaseError: a decimal has more than 76 digits.
    """
    if column.kind == "integer":
        return None if column.bits is None else getattr(pa, f"{'u' if column.is_unsigned else ''}int{column.bits}")()
    if column.kind == "timestamp":
        return pa.timestamp("us", "UTC" if column.has_zone else None)
    if column.kind == "category":
        return pa.dictionary(pa.int32(), label_type(column))
    if column.kind != "decimal":
        return TYPES[column.kind]
    if column.precision is None:
        return None
    if column.precision > MAX_DIGIT:
        raise DatabaseError(f"{column.name}: {column.precision} digits; decimals have at most {MAX_DIGIT}")
    return (pa.decimal128 if column.precision <= 38 else pa.decimal256)(column.precision, column.scale or 0)


def label_type(column: Column) -> pa.DataType:
    """Type of the labels of a category: string, int64, float64 if one of its numbers is a float, or as these decimals need."""
    if all(isinstance(label, str) for label in column.labels):
        return pa.string()
    if any(isinstance(label, float) for label in column.labels):
        return pa.float64()
    if all(isinstance(label, int) and -(2**63) <= label < 2**63 for label in column.labels):
        return pa.int64()
    parts = [Decimal(label).as_tuple() for label in column.labels]
    scale = max(0, *(-int(part.exponent) for part in parts))
    whole = max(1, *(len(part.digits) + int(part.exponent) for part in parts))
    return (pa.decimal128 if whole + scale <= 38 else pa.decimal256)(whole + scale, scale)
