"""A Grain pipeline over databases; skipped where Grain is not installed."""

import pytest

from tests.models.tiny import tiny

grain = pytest.importorskip("grain", reason="Grain is not installed (extra grain)")


def test_elements_are_databases_and_iterators_go_on_where_they_were():
    from plurel_prob.adapters.grain import DatabaseSource

    source = DatabaseSource(range(20, 30), tiny("compact"))
    assert len(source) == 10 and source[3].seed == 23
    dataset = grain.MapDataset.source(source).shuffle(seed=0).map(lambda database: database.seed).to_iter_dataset()
    iterator = iter(dataset)
    first = [next(iterator) for _ in range(4)]
    state = iterator.get_state()
    rest = list(iterator)
    assert sorted(first + rest) == list(range(20, 30)) and first + rest != list(range(20, 30))
    resumed = iter(dataset)
    resumed.set_state(state)
    assert list(resumed) == rest
