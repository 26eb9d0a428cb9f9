"""Times of rows after those of their parents, in order; some rows are as all have them."""

import numpy as np
import pytest

from plurel_prob.databases.row_times import RowTimes, window_of
from plurel_prob.models.links import late_tables
from plurel_prob.priors import override
from plurel_prob.sampling import draw
from tests.models.tiny import BUCKET, tiny

OFTEN = override(
    tiny("realistic"),
    {
        "schema": {"time_prob": 0.5, "inner_event_prob": 0.4, "lookup_prob": 0.1, "row_ratio": 40.0, "max_row": 3000},
        "features": {"time_grain": {"Pick": [1, 86_400]}},
    },
)


@pytest.fixture(scope="module")
def draws():
    return [draw(OFTEN, seed, BUCKET) for seed in range(20)]


def tables_of(draws):
    for drawn in draws:
        for table in range(int(drawn.stages.schema.n_table)):
            yield drawn, table, RowTimes(drawn)


def of_parents(drawn, table, times):
    """Times of the latest parents of a table's rows, of all parents."""
    schema, latest = drawn.stages.schema, np.full(int(drawn.stages.schema.n_row[table]), times.start)
    for slot in range(int(schema.n_parent[table])):
        row = drawn.stages.links.parent_row[table, slot, : schema.n_row[table]]
        latest = np.maximum(latest, times.of(int(schema.parent_table[table, slot]))[row])
    return latest


def test_rows_come_after_their_parents_by_the_lag_of_the_table(draws):
    n_after = n_own = 0
    for drawn, table, times in tables_of(draws):
        schema, found = drawn.stages.schema, times.of(table)
        latest = of_parents(drawn, table, times)
        assert (found >= latest).all() and (np.diff(found) >= 0).all()
        if not schema.has_time[table]:
            np.testing.assert_array_equal(found, latest)
            continue
        grain = int(drawn.sites["features/time_grain"][table]) * 1_000_000
        grain = grain if 20 * grain <= times.end - times.start else 3_600_000_000
        if latest.max() > times.start:
            n_after += 1
            after = np.minimum(latest + int(float(drawn.sites["features/time_lag"][table]) * 1e6), times.end - 1)
            np.testing.assert_array_equal(found, np.maximum(after // grain * grain, latest))
        else:
            n_own += 1
            assert (found[found > times.start] % grain == 0).all() and len(np.unique(found)) > 1
    assert min(n_after, n_own) > 5


def test_tables_are_late_by_times_or_by_parents(draws):
    n_by_parents = 0
    for drawn, table, times in tables_of(draws):
        schema = drawn.stages.schema
        assert times.is_late(table) == bool(late_tables(schema)[table]) or schema.n_row[table] == 0
        n_by_parents += times.is_late(table) and not schema.has_time[table]
    assert n_by_parents > 0


def test_all_lie_in_the_window_and_those_of_some_rows_are_those_of_all(draws):
    n_part = 0
    for drawn, table, times in tables_of(draws):
        found, held = times.of(table), drawn.stages.held
        first, last = (day.as_unit("us").asm8.astype(np.int64) for day in window_of(drawn))
        assert (found >= first).all() and (found < last + 86_400_000_000).all()
        if held.n[table] > 1 and not drawn.stages.schema.is_entity[table]:
            n = held.n.copy()
            n[table] = 1
            part = drawn._replace(stages=drawn.stages._replace(held=held._replace(n=n)))
            np.testing.assert_array_equal(RowTimes(part).of(table), found[:1024])
            n_part += 1
    assert n_part > 0
