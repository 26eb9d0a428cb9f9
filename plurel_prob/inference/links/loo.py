"""Leave-one-out comparison by ArviZ, also where the log likelihood hardly varies."""

import warnings
from typing import Any

import numpy as np


def leave_one_out(tree: Any) -> Any:
    """Pareto-smoothed leave-one-out estimate of a model (:func:`arviz_stats.loo`), pointwise.

    ArviZ cannot fit a tail to weights whose largest are all the same, as with a model without parameters, or where nearly all
    draws have one structure. Such weights are bounded by an atom: they need no smoothing, and their k is 0. Where only a part
    of the tail is the same the fit fails, too: weights stay as they are, and k is infinite.
    """
    import xarray as xr
    from arviz_stats import loo

    log_likelihood = tree["log_likelihood"]["parent_row"]
    value = log_likelihood.to_numpy()
    n_tail = tail_length(value.shape[1])
    largest = np.sort(-value[0], axis=0)[-n_tail:]
    # ties, but for the rounding of sums of 64-bit numbers
    is_flat = largest[-1] - largest[0] < 1e-10
    log_weight = -value - np.logaddexp.reduce(-value, axis=1, keepdims=True)
    pareto_k = np.zeros(value.shape[2])
    if not is_flat.all():
        with np.errstate(divide="ignore", invalid="ignore"):  # ties
            smoothed, k = log_likelihood[:, :, ~is_flat].azstats.psislw(r_eff=1.0, dim=["chain", "draw"])
        smoothed = smoothed.transpose("chain", "draw", "child").to_numpy()
        is_fitted = np.isfinite(smoothed).all((0, 1)) & np.isfinite(k.to_numpy())
        log_weight[:, :, ~is_flat] = np.where(is_fitted, smoothed, log_weight[:, :, ~is_flat])
        pareto_k[~is_flat] = np.where(is_fitted, k.to_numpy(), np.inf)
    weights = xr.DataArray(log_weight, dims=log_likelihood.dims, coords=log_likelihood.coords)
    shape = xr.DataArray(pareto_k, dims=("child",), coords={"child": log_likelihood["child"]})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Estimated shape parameter of Pareto distribution")  # `bad_k` in the comparison
        return loo(tree, pointwise=True, reff=1.0, log_weights=weights, pareto_k=shape)


def tail_length(n_draw: int) -> int:
    """Draws in the tail: the smaller of a fifth and three square roots (Vehtari et al., 2024, arXiv:1507.02646)."""
    return int(np.ceil(min(0.2 * n_draw, 3 * np.sqrt(n_draw))))
