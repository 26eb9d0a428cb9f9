import numpy as np
import pytest

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.cells.contexts import BOOLEAN, NUMBER, ContextSampler, Vocabulary, relational_data
from tests.rfm.cells.contexts.databases import VAL, random_database
from tests.rfm.cells.contexts.plain import Draws, mix


@pytest.fixture(scope="module")
def databases():
    vocabulary = Vocabulary()
    return [relational_data(random_database(seed), vocabulary=vocabulary, until=VAL, val_timestamp=VAL) for seed in range(3)]


def test_cells_are_masked_as_the_law_says(databases):
    whole, masked = (ContextSampler(databases, 48, n_masked=n).pretraining_batch(5, 2, 40) for n in (1, 9))
    n_boolean = 0
    for i in range(40):
        candidates = [place for place in range(1, 48) if whole.kind[i, place] in (NUMBER, BOOLEAN)]
        draws, chosen = Draws(5, 80 + i, first=0), [0]
        draws.key = mix(draws.key)
        for _ in range(min(8, len(candidates))):
            k = draws.below(len(candidates))
            chosen.append(candidates[k])
            candidates[k] = candidates[-1]
            candidates.pop()
        assert np.flatnonzero(masked.is_masked[i]).tolist() == sorted(chosen)
        for place in range(48):
            if place not in chosen:
                assert masked.value[i, place] == whole.value[i, place] and masked.masked[i, place] == 0
                continue
            is_boolean = whole.kind[i, place] == BOOLEAN
            n_boolean += is_boolean and place > 0
            value = whole.target[i] if place == 0 else whole.value[i, place] > 0 if is_boolean else whole.value[i, place]
            assert masked.value[i, place] == 0 and masked.masked[i, place] == np.float32(value)
    assert n_boolean > 0
    for name in ("kind", "text", "name", "column", "row", "parent", "target", "log_odds", "mean", "std"):
        np.testing.assert_array_equal(getattr(masked, name), getattr(whole, name))


def test_the_target_alone_is_masked_elsewhere(databases):
    sampler = ContextSampler(databases, 48, n_masked=9)
    batch = sampler.batch(sampler.draw_targets(5, 2, 10), np.arange(10), 5)
    assert (batch.is_masked.sum(1) == 1).all() and (batch.masked[:, 0] == batch.target).all()
    with pytest.raises(DatabaseError, match="a masked cell at least"):
        ContextSampler(databases, 48, n_masked=0)
