"""Whether a store can keep what is drawn of a schema: known before the draw."""

from plurel_prob.declared.schema import Column, DeclaredSchema
from plurel_prob.domains.numbers import reach_of
from plurel_prob.errors import DatabaseError
from plurel_prob.stores.limits import check_schema, place

SQLITE_DIGIT, DUCKDB_SCALE, DUCKDB_WHOLE = 15, 10, 28


def check_fits(schema: DeclaredSchema, format: str) -> None:
    """Refuse a schema whose draws a format cannot keep.

    Raises:
        DatabaseError: a column's values have more digits than the format has; the message names it.
    """
    check_schema(schema, format)
    for table in schema.tables:
        for column in table.columns:
            where = place(schema, table.name, column)
            problem = _problem(column, where, format) if column.kind in ("integer", "decimal") else None
            if problem:
                raise DatabaseError(f"{where}: {problem}; choose another --format, or give the column a smaller type or range")


def _problem(column: Column, where: str, format: str) -> str | None:
    """What a format cannot keep of a column."""
    first, last, digits = reach_of(column, where)
    most = max(abs(first), abs(last))
    if format == "sqlite" and digits == 0 and most >= 2**63:
        return "SQLite keeps integers of 64 bits"
    if format == "sqlite" and digits and most >= 10**SQLITE_DIGIT:
        return f"SQLite keeps {SQLITE_DIGIT} digits of a decimal, values have up to {len(str(most))}"
    if format == "duckdb" and column.kind == "decimal" and column.precision is None:
        if digits > DUCKDB_SCALE or most >= 10 ** (digits + DUCKDB_WHOLE):
            return (
                f"DuckDB keeps {DUCKDB_WHOLE} digits before and {DUCKDB_SCALE} after the point of a decimal without a precision"
            )
    if format in ("relbench", "huggingface") and column.kind == "integer" and not (most < 2**63 or 0 <= first <= last < 2**64):
        return "RelBench format keeps integers of 64 bits"
    return None
