"""Goodness of fit with a stated failure rate."""

import numpy as np
from scipy.stats import chisquare

TEST_FAILURE_RATE = 1e-5  # of a correct law, for each comparison


def assert_fits(counts: np.ndarray, probs: np.ndarray) -> None:
    """Counts follow probabilities (chi-square, SciPy's p-value); cells that expect fewer than 5 are merged."""
    counts, probs = np.asarray(counts, float), np.asarray(probs, float)
    assert abs(probs.sum() - 1) < 1e-4
    assert counts[probs == 0].sum() == 0, "drawn, though its probability is zero"
    expected = counts.sum() * probs / probs.sum()
    rare = expected < 5
    observed, expected = np.append(counts[~rare], counts[rare].sum()), np.append(expected[~rare], expected[rare].sum())
    keep = expected > 0
    if keep.sum() > 1:
        p_value = chisquare(observed[keep], expected[keep] * observed[keep].sum() / expected[keep].sum()).pvalue
        assert p_value > TEST_FAILURE_RATE, p_value
