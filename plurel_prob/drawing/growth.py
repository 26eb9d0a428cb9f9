"""Numbers of rows of declared tables as their kinds suggest: those of children follow from those of parents."""

import zlib
from collections.abc import Mapping

import numpy as np

from plurel_prob.drawing.dates import is_event
from plurel_prob.drawing.derived import owner
from plurel_prob.drawing.kinds import kind_of
from plurel_prob.drawing.plan import Plan, TablePlan
from plurel_prob.models.kinds import BRIDGE, EVENT, EXTENSION, LOOKUP

LOOKUP_ROWS, ENTITY_ROWS = (12.0, 0.5), (300.0, 0.5)  # median, standard deviation of the logarithm
LINES, OF_EVENTS, EVENTS, BRIDGES, OTHERS = 2.5, 1.3, 4.0, 2.0, 1.2  # children of each parent, the median
SIGMA = 0.25


def grown_counts(plan: Plan, rows: Mapping[str, int], seed: int) -> list[int]:
    r"""Draw numbers of rows, parents first: log-normal about a median that the kind of a table suggests.

    Lookup tables have 12, entities without parents 300. Children of m rows have :math:`r m`: one for each of what they extend,
    2.5 lines for each order, 1.3 of what follows an event, 4 events for each entity, 2 in a bridge for each of its larger side,
    and 1.2 other things, but of lookup tables no fewer than 300. What is asked for of parents counts.
    """
    found = dict[str, int]()
    for table in plan.tables:
        name = table.table.name
        median, sigma = _law(plan, table, found)
        drawn = np.exp(np.log(median) + sigma * np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal())
        found[name] = rows.get(name, max(1, round(drawn)))
    return [found[table.table.name] for table in plan.tables]


def _law(plan: Plan, table: TablePlan, found: Mapping[str, int]) -> tuple[float, float]:
    """Median, and standard deviation of the logarithm."""
    kind, parents = kind_of(plan, table), {table.table.foreign_keys[i].parent for i in (*table.linked, *table.joined)}
    if not parents:
        return LOOKUP_ROWS if kind == LOOKUP else ENTITY_ROWS
    plans = {other.table.name: other for other in plan.tables}
    most, of = max(found[name] for name in parents), owner(table)
    if kind == EXTENSION:
        return float(most), 0.0
    if of is not None:
        return LINES * found[table.table.foreign_keys[of].parent], SIGMA
    events = [found[name] for name in parents if is_event(plans[name])]
    if events:
        return OF_EVENTS * max(events), SIGMA
    if kind in (EVENT, BRIDGE):
        return (EVENTS if kind == EVENT else BRIDGES) * most, SIGMA
    is_listed = all(kind_of(plan, plans[name]) == LOOKUP for name in parents)
    return max(OTHERS * most, ENTITY_ROWS[0] if is_listed else 1), SIGMA
