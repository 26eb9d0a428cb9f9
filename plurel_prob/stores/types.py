"""Types that are none of the kinds, in a store that may have them."""

from collections.abc import Callable
from dataclasses import replace

from plurel_prob.declared import Column, DeclaredSchema


def with_types(declared: DeclaredSchema, dialect: str, has: Callable[[str], bool]) -> tuple[DeclaredSchema, list[str]]:
    """Keep types that a store of a dialect has; others become what their values are kept as.

    Args:
        declared: the schema.
        dialect: of the store.
        has: whether the store has a type of a name.

    Returns:
        The schema, and in words which columns are text there.
    """
    known: dict[str, bool] = {}
    lost: dict[str, list[str]] = {}

    def kept(table: str, column: Column) -> Column:
        other = column.other
        if other is None:
            return column
        if other.dialect == dialect and other.name:
            if other.name not in known:
                known[other.name] = has(other.name)
            if known[other.name]:
                return column
        if other.form != "kind":
            lost.setdefault(other.name or "?", []).append(f"{table}.{column.name}")
        return replace(column, other=None)

    tables = tuple(replace(t, columns=tuple(kept(t.name, column) for column in t.columns)) for t in declared.tables)
    words = [
        f"the type {name} of {', '.join(columns[:5])}{', ...' if len(columns) > 5 else ''}" for name, columns in lost.items()
    ]
    return replace(declared, tables=tables), [f"{word}: {dialect} has none such here; it is text" for word in words]
