"""Which kind of table each declared one is, by its keys and columns: kinds decide numbers of rows, links and styles."""

import re

from plurel_prob.domains.meanings import KINDS, words
from plurel_prob.drawing.dates import main_time
from plurel_prob.drawing.derived import is_one_to_one
from plurel_prob.drawing.plan import Plan, TablePlan
from plurel_prob.models.kinds import BRIDGE, ENTITY, EVENT, EXTENSION, LOOKUP

LOOKUPS = re.compile(
    rf"(?:^| )(?:{KINDS}|country|countries|currency|currencies|language|status|statuses|role|color|colour|size|unit|state|region"
    r"|province|method|level|rating|format|media type|nation|day|month|season)(?:s|es)?$"
)
MOST_COLUMNS = 2  # of a lookup table whose name says nothing, but for its key


def kind_of(plan: Plan, table: TablePlan) -> int:
    """Kind of a declared table.

    One with a key to another table that is unique has a row for each of that at most (an extension); one whose primary key
    consists of several such keys is a bridge. Without keys and times, a table that others refer to, with few columns or a name
    like that of a list, is a lookup table, and any other one of entities. With keys, a table with times, or that none refers to,
    has events.
    """
    keys = [table.table.foreign_keys[i] for i in (*table.linked, *table.joined)]
    primary = set(table.table.primary_key)
    if any(is_one_to_one(table, i) for i in table.linked):
        return EXTENSION
    if primary and len(keys) > 1 and primary <= {name for key in keys for name in key.columns}:
        return BRIDGE
    is_referred, has_time = table.table.name in plan.referred(), main_time(table) is not None
    if keys:
        return EVENT if has_time or not is_referred else ENTITY
    n_own = sum(column.name not in primary for column in (*table.features, *table.counted))
    is_small = n_own <= MOST_COLUMNS or LOOKUPS.search(words(table.table.name)) is not None
    return LOOKUP if is_referred and is_small and not has_time else ENTITY
