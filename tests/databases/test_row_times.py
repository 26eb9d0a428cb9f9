"""Times of rows after those of their parents: moved, by lags, in random order; some rows are as all have them."""

import numpy as np
import pytest

from plurel_prob.databases.row_times import RowTimes, window_of
from plurel_prob.priors import override
from plurel_prob.sampling import draw
from tests.models.tiny import BUCKET, tiny

SORTED = override(
    tiny("realistic"),
    {
        "schema": {"time_prob": 0.5, "event_prob": 0.3, "lookup_prob": 0.1, "extension_prob": 0.2, "row_ratio": 40.0, "max_row": 3000},
        "links": {"sorted_prob": 0.6, "round_size": {"LogUniform": [5.0, 100.0]}},
        "features": {"time_grain": {"Pick": [1]}},
    },
)


@pytest.fixture(scope="module")
def draws():
    return [draw(SORTED, seed, BUCKET) for seed in range(20)]


def tables_of(draws):
    for drawn in draws:
        for table in range(int(drawn.stages.schema.n_table)):
            yield drawn, table, RowTimes(drawn)


def own_times(drawn, table):
    """Times of a table as if it had no parents."""
    alone = drawn.stages.schema.n_parent.copy()
    alone[table] = 0
    schema = drawn.stages.schema._replace(n_parent=alone)
    return RowTimes(drawn._replace(stages=drawn.stages._replace(schema=schema))).of(table)


def test_rows_in_the_order_of_parents_come_after_them_by_exponential_lags(draws):
    places = []
    for drawn, table, times in tables_of(draws):
        schema = drawn.stages.schema
        if schema.has_time[table] and times._is_in_order_of_parents(table):
            parent = int(schema.parent_table[table, 0])
            if schema.has_time[parent] and schema.n_parent[table] == 1:
                row = drawn.stages.links.parent_row[table, 0, : schema.n_row[table]]
                lag = (times.of(table) - times.of(parent)[row]) / 1e6
                inside = times.of(parent)[row] < times.end - 20 * 1e6 * drawn.sites["features/time_lag"][table]
                places.append(lag[inside] / drawn.sites["features/time_lag"][table])
    lag = np.concatenate(places)
    assert len(lag) > 300 and (lag >= 0).all()
    # a mean of exponential numbers, whose deviation is that of one over the root of their number; a second is cut off
    assert abs(lag.mean() - 1) < 5 / np.sqrt(len(lag))


def test_other_rows_keep_their_times_or_share_of_what_is_left(draws):
    n_kept = n_moved = n_shuffled = 0
    for drawn, table, times in tables_of(draws):
        schema = drawn.stages.schema
        if not schema.has_time[table] or schema.n_parent[table] == 0:
            continue
        parents = [(int(p), s) for s, p in enumerate(schema.parent_table[table, : schema.n_parent[table]])]
        rows = drawn.stages.links.parent_row[table, :, : schema.n_row[table]]
        latest = np.max([times.of(p)[rows[s]] for p, s in parents], axis=0)
        own, found, is_ordered = own_times(drawn, table), times.of(table), times._is_in_order_of_parents(table)
        if is_ordered and schema.has_time[parents[0][0]]:
            continue
        if is_ordered:
            n_shuffled += 1
            assert (found >= latest).all() and not (np.diff(found) >= 0).all() and np.isin(found, own).any()
            continue
        kept = own >= latest
        np.testing.assert_array_equal(found[kept], own[kept])
        share = (own - times.start) / (times.end - times.start)
        expected = np.maximum(latest + share * (times.end - latest) - 1e6, latest)
        assert (found[~kept] >= np.floor(expected[~kept])).all() and (found[~kept] <= expected[~kept] + 2e6).all()
        n_kept, n_moved = n_kept + kept.sum(), n_moved + (~kept).sum()
    assert min(n_kept, n_moved) > 100 and n_shuffled > 0


def test_a_row_without_times_is_as_late_as_its_parents(draws):
    n_checked = 0
    for drawn, table, times in tables_of(draws):
        schema = drawn.stages.schema
        if not schema.has_time[table]:
            latest = np.full(int(schema.n_row[table]), times.start)
            for slot in range(int(schema.n_parent[table])):
                row = drawn.stages.links.parent_row[table, slot, : schema.n_row[table]]
                latest = np.maximum(latest, times.of(int(schema.parent_table[table, slot]))[row])
            np.testing.assert_array_equal(times.of(table), latest)
            n_checked += latest.max() > times.start
    assert n_checked > 0


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
