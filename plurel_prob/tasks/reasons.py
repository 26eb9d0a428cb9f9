"""Why a database has no task of a kind."""

import pandas as pd

from plurel_prob.tasks.autocomplete import TYPES, qualifies
from plurel_prob.tasks.forecast import edges
from plurel_prob.tasks.split import SplitDatabase
from plurel_prob.tasks.task import MIN_LABEL, MIN_OTHER
from plurel_prob.tasks.windows import LENGTHS, MIN_TRAIN, possible_lengths, text_of

ENOUGH = f"{MIN_LABEL} labels in each split, {MIN_OTHER} of them not the most common one"


def why_none(database: SplitDatabase, kind: str) -> str:
    """Say why there is no task of a kind, where there is none, and what would have to be otherwise."""
    timed = [name for name, schema in database.schemas.items() if schema.time_col]
    if not timed:
        return "no table has a time, which splits its rows; name a column of timestamps in manifest.yaml (time_col)"
    if pd.isna(database.first):
        return "no row has a time up to test_timestamp, or the first table with times has no row"
    return _no_column(database, timed) if kind == "autocomplete" else _no_key(database)


def _no_column(database: SplitDatabase, timed: list[str]) -> str:
    named = [name for name in timed if qualifies(database, name)]
    if not named:
        return (
            f"of tables with a time ({_listed(timed)}) none has a time column and a primary key whose names are letters, digits "
            "and _, each once, or, without a key, rows that are sorted by time"
        )
    typed = [name for name in named if set(database.schemas[name].columns.values()) & set(TYPES)]
    if not typed:
        return f"no table with a time ({_listed(named)}) has a column of numbers, booleans or categories that is no key"
    return f"no column of {_listed(typed)} has {ENOUGH}, and is not told by the time ({_split(database)})"


def _no_key(database: SplitDatabase) -> str:
    keys = [f"{child}.{key}" for child, schema in database.schemas.items() for key in (schema.fkeys if schema.time_col else ())]
    if not keys:
        return "no table with a time has a foreign key"
    if not possible_lengths(database):
        return (
            f"no window of {text_of(LENGTHS[0])} to ten years fits once after val_timestamp and after test_timestamp, and "
            f"{MIN_TRAIN} to 1,000 times before ({_split(database)})"
        )
    if next(edges(database), None) is None:
        return f"no key of a table with a time ({_listed(keys)}) refers to a primary key, in names that differ in more than case"
    return f"for no key of a table with a time ({_listed(keys)}) are there {ENOUGH} ({_split(database)})"


def _split(database: SplitDatabase) -> str:
    days = (database.first, database.val_timestamp, database.test_timestamp, database.last)
    return "times from {}, val_timestamp {}, test_timestamp {}, to {}".format(*days)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} others" if len(names) > 3 else "")
