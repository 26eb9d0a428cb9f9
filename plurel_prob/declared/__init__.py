"""Schemas as they are declared: read from SQL, from databases that are there, or from folders in RelBench format."""

from typing import TYPE_CHECKING, Any

from plurel_prob.declared.schema import (
    Column,
    DeclaredSchema,
    DeclaredTable,
    ForeignKey,
    Kind,
    Order,
    Refusal,
    Rule,
    UniqueIndex,
)

if TYPE_CHECKING:
    from plurel_prob.declared.ddl import read_ddl
    from plurel_prob.declared.folders import declare_relbench
    from plurel_prob.declared.live import count_rows, reflect
    from plurel_prob.declared.order import order_tables
    from plurel_prob.declared.refusals import honoured
    from plurel_prob.declared.sources import declared_of

MODULES = {
    "count_rows": "live",
    "declare_relbench": "folders",
    "declared_of": "sources",
    "honoured": "refusals",
    "order_tables": "order",
    "read_ddl": "ddl",
    "reflect": "live",
}

__all__ = [
    "Column",
    "DeclaredSchema",
    "DeclaredTable",
    "ForeignKey",
    "Kind",
    "Order",
    "Refusal",
    "Rule",
    "UniqueIndex",
    "count_rows",
    "declare_relbench",
    "declared_of",
    "honoured",
    "order_tables",
    "read_ddl",
    "reflect",
]


def __getattr__(name: str) -> Any:
    """Import what reads schemas when it is asked for."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
