import numpy as np
import pandas as pd
import pytest

from plurel_prob.reports.dependence import N_CATEGORY, cells, dependence, dependence_matrix, entropy, sampled

RNG = np.random.default_rng(0)


def of(one: object, other: object) -> float:
    return dependence(cells(pd.Series(one)), cells(pd.Series(other)))


@pytest.mark.parametrize("n", [60, 400, 4000])
def test_independent_columns_have_almost_none(n):
    values = [
        of(RNG.normal(size=n), RNG.normal(size=n)),
        of(RNG.normal(size=n), RNG.integers(0, 5, n).astype(str)),
        of(RNG.random(n) < 0.3, RNG.normal(size=n)),
    ]
    assert max(values) < {60: 0.2, 400: 0.05, 4000: 0.01}[n]


@pytest.mark.parametrize(
    "column",
    [
        RNG.normal(size=500),
        RNG.integers(0, 4, 500).astype(str),
        RNG.random(500) < 0.2,
        pd.date_range("2020-01-01", periods=500),
        np.where(RNG.random(500) < 0.3, np.nan, RNG.normal(size=500)),
    ],
)
def test_a_column_tells_all_about_itself(column):
    assert of(column, column) == pytest.approx(1)


def test_monotone_functions_and_new_names_change_nothing():
    x = RNG.normal(size=800)
    assert of(x, np.exp(x)) == pytest.approx(1)
    kind = RNG.integers(0, 3, 800)
    assert of(kind.astype(str), np.array(["c", "a", "b"])[kind]) == pytest.approx(1)


def test_a_coarser_column_has_the_closed_form():
    quarter = np.arange(4000) % 4
    half = quarter // 2
    correction = (1 / 8000, 3 / 8000)  # of the entropies of two and of four values
    of_half, of_quarter = np.log(2) + correction[0], np.log(4) + correction[1]
    assert of(quarter.astype(str), half == 1) == pytest.approx(of_half / np.sqrt(of_half * of_quarter))
    assert of(quarter.astype(str), half == 1) == pytest.approx(np.sqrt(0.5), abs=1e-3)


def test_entropy_is_the_formula():
    count = np.array([3, 0, 5, 2])
    share = np.array([0.3, 0.5, 0.2])
    assert entropy(count) == pytest.approx(-(share * np.log(share)).sum() + 2 / 20)
    assert entropy(np.array([0])) == 0


def test_what_is_missing_tells_something():
    is_missing = RNG.random(1000) < 0.5
    assert of(np.where(is_missing, np.nan, RNG.normal(size=1000)), is_missing) > 0.5


def test_constant_and_empty_columns_have_none():
    assert of(np.ones(100), RNG.normal(size=100)) == 0
    assert of([], []) == 0
    assert of([np.nan] * 50, RNG.normal(size=50)) == 0


def test_quantiles_are_even_and_rare_texts_share_a_cell():
    assert np.bincount(cells(pd.Series(RNG.normal(size=800)))).tolist() == [100] * 8
    assert len(np.unique(cells(pd.Series([str(i) for i in range(500)])))) == N_CATEGORY + 1


def test_the_matrix_is_symmetric_and_always_the_same():
    frame = pd.DataFrame({"a": RNG.normal(size=9000), "b": RNG.random(9000) < 0.5, "c": "x"})
    frame["d"] = frame["a"] > 0
    one, other = (dependence_matrix(frame, list("abcd")) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one, one.T)
    assert one[0, 3] > 0.5 > 0.01 > one[0, 1]
    assert len(sampled(frame)) == 4000
