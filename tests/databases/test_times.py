"""Times of rows: ascending, on their grain, with the intensities of trend, bursts and seasons."""

import numpy as np
import pandas as pd
import pytest

from plurel_prob.databases.times import TimeLaw, times_of

FIRST, LAST = pd.Timestamp("2001-03-05"), pd.Timestamp("2010-11-20")
KEY = np.array([7, 11])


def times(n_row=5000, row=None, **of):
    law = TimeLaw(**{"grain": 1, "burst": 0.0, "trend": 0.0, "season": 0.0, "key": KEY} | of)
    return times_of(law, FIRST, LAST, n_row, np.arange(n_row) if row is None else row)


@pytest.mark.parametrize("grain", [1, 60, 3600, 86_400, 7 * 86_400, 30 * 86_400])
def test_times_ascend_on_their_grain_within_the_window(grain):
    found = times(grain=grain, burst=2.0, trend=-1.0, season=0.8)
    assert found.is_monotonic_increasing and found[0] >= FIRST and found[-1] < LAST + pd.Timedelta(days=1)
    later = found[found > FIRST].asi8  # the first multiple may lie before the window
    assert (later % (grain * 1_000_000) == 0).all() and len(found.unique()) > 50


def test_without_bursts_and_seasons_they_are_even():
    share = (times() - FIRST) / (LAST + pd.Timedelta(days=1) - FIRST)
    np.testing.assert_allclose(share, np.arange(5000) / 4999, atol=1e-6)


def test_a_trend_is_the_ratio_of_the_ends():
    n = 200_000
    share = np.asarray((times(n, trend=2.0) - FIRST) / (LAST + pd.Timedelta(days=1) - FIRST))
    np.testing.assert_allclose((share > 0.98).sum() / (share < 0.02).sum(), np.exp(2 * 0.98), rtol=0.02)


def test_seasons_are_those_of_weekdays_and_hours():
    """A week and a day have the same profile throughout, but for the cells of the window that they lie in."""
    found = times(400_000, season=0.7)
    for part, n in ((found.day_of_week, 7), (found.hour, 24)):
        early, late = (np.bincount(p, minlength=n) / len(p) for p in (part[:200_000], part[200_000:]))
        np.testing.assert_allclose(early, late, atol=0.01)
        assert early.max() > 1.5 * early.min()
    days = times(400_000, season=0.7, grain=86_400)
    assert (days.hour == 0).all() and len(set(days.day_of_week)) == 7


def test_rows_alone_have_the_times_that_they_have_among_all():
    row = np.array([0, 17, 4999])
    of = {"burst": 1.0, "season": 0.5, "trend": 1.0}
    np.testing.assert_array_equal(times(row=row, **of), times(**of)[row])
    assert not times(**of).equals(times(**of, key=np.array([7, 12])))
