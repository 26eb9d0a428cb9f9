"""Arrays in temporary files are as those in memory."""

import errno

import numpy as np
import pytest

from plurel_prob import spill
from plurel_prob.errors import DatabaseError


@pytest.mark.parametrize("large", [1, 1 << 30])
def test_kept_and_gathered_values_are_the_same(large, monkeypatch):
    monkeypatch.setattr(spill, "LARGE", large)
    rng = np.random.default_rng(0)
    for values in (np.zeros(0), rng.normal(size=100), rng.integers(0, 9, (5, 7)), np.array(["2020-01-01"], "datetime64[us]")):
        kept = spill.kept(values)
        assert kept.dtype == values.dtype and isinstance(kept.base, np.memmap) == (large == 1 and values.size > 0)
        np.testing.assert_array_equal(kept, values)
        for n_row in (0, 1, 3 * len(values)):
            row = rng.integers(0, max(len(values), 1), n_row if len(values) else 0)
            np.testing.assert_array_equal(spill.gathered(kept, row), values[row])


def test_a_disk_without_room_is_named(monkeypatch):
    def no_room(*_):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(spill, "LARGE", 1)
    monkeypatch.setattr(spill.os, "posix_fallocate", no_room)
    with pytest.raises(DatabaseError, match="no room for the 0.8 GB that a large table needs; set TMPDIR"):
        spill.empty((1000, 100_000))
