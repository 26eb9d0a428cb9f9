"""Streams of databases: restartable, shared among workers, and nothing is left behind."""

import itertools
import threading

import jax
import numpy as np
import pandas as pd
import pytest

from plurel_prob import sample, stream
from tests.models.tiny import tiny

PRIOR = tiny("compact")


def test_a_stream_goes_on_where_another_was():
    with stream(prior=PRIOR) as first:
        databases = list(itertools.islice(first, 3))
        assert first.position == 3
    assert [database.seed for database in databases] == [0, 1, 2]
    for name, frame in sample(2, PRIOR).tables.items():
        pd.testing.assert_frame_equal(databases[2].tables[name], frame, check_exact=True)
    with stream(prior=PRIOR, position=first.position, prefetch=0) as second:
        assert next(second).seed == 3


def test_shards_share_the_seeds_and_a_stream_of_some_ends():
    seeds = [5, 9, 2, 7, 11]
    found = [[database.seed for database in stream(seeds, PRIOR, shard=(i, 2))] for i in range(2)]
    assert found == [[5, 2, 11], [9, 7]]


def test_arrays_stay_on_the_device():
    with stream([4], PRIOR, form="arrays") as arrays:
        drawn = next(arrays)
    assert isinstance(drawn.stages.features.value, jax.Array)
    tables = sample(4, PRIOR).schema.tables
    np.testing.assert_array_equal(drawn.stages.schema.n_row[: len(tables)], [table.n_row for table in tables.values()])


def test_no_thread_is_left_behind():
    def threads():
        return [thread for thread in threading.enumerate() if thread.name.startswith("plurel-prob-stream")]

    databases = stream(prior=PRIOR)
    next(databases)
    assert threads()
    databases.close()
    assert not threads()
    with pytest.raises(StopIteration):
        next(databases)


def test_what_is_out_of_range_is_refused():
    with pytest.raises(ValueError, match="shard must be"):
        stream(shard=(2, 2))
    with pytest.raises(ValueError, match="must not be negative"):
        stream(position=-1)
    with pytest.raises(ValueError, match="form must be tables or arrays"):
        stream(form="frames")
    with pytest.raises(ValueError, match="seed must be"):
        next(stream([-1], PRIOR))
