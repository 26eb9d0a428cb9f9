"""What was drawn, a row for each database."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from plurel_prob.cli.output import new_table

if TYPE_CHECKING:
    from plurel_prob.databases import DatabaseSchema
else:
    DatabaseSchema = Any  # imports pandas


def summary_of(seed: int, schema: DatabaseSchema, seconds: float) -> dict[str, Any]:
    """Sizes of one database in RelBench format, and the seconds that it took."""
    sizes = {"tables": len(schema.tables), "rows": sum(table.n_row for table in schema.tables.values()), "cells": schema.n_cell}
    return {"seed": seed, **sizes, "foreign_keys": len(schema.graph), "seconds": round(seconds, 2)}


def summary_table(drawn: Sequence[Mapping[str, Any]]) -> Table:
    """Return a row for each database that was drawn."""
    table = new_table(numbers=tuple(name.replace("_", " ") for name in drawn[0]))
    for summary in drawn:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else f"{value:.2f}" for value in summary.values()))
    return table
