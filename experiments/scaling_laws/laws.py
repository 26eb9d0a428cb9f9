"""Fit laws of the loss to the results, and compare them: ``python -m experiments.scaling_laws.laws RESULTS OUT``.

The joint law is L(N, S) = C + A N^-a + B S^-b, with N databases and S cells (in units of the smallest); laws of N or of S alone
lack a term, the flat law has C alone, and the law of repetition adds D (S/N)^d to the joint one (S/N in units of the largest):
what it costs to see the same databases again. Losses are observed with normal noise of half-normal scale (.02); exponents have
half-normal priors of scale 1, A, B and D of scale .2, and C is uniform between 0 and the loss of column means. Intervals are
equal-tailed.

Laws are compared by leave-one-out (PSIS; runs that it cannot be trusted for, by their Pareto k, are left out by new fits). They
are fitted to all runs; those of N also to the best run of each N, those of S to the runs with the most databases.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import xarray as xr
from arviz_base import from_numpyro
from arviz_stats import SamplingWrapper, compare, loo, reloo
from arviz_stats import summary as summarise
from jax import Array, random
from numpyro.handlers import mask
from numpyro.infer import MCMC, NUTS, log_likelihood

from experiments.lines import read_lines

LAWS = {"repetition": ("n", "s", "r"), "joint": ("n", "s"), "databases": ("n",), "cells": ("s",), "flat": ()}
MOST = 16  # runs with the most databases are those with at least this share of the largest number


def law(terms: tuple[str, ...]) -> Callable[..., None]:
    """Give the model of a law with some terms."""

    def model(n: Array, s: Array, baseline: float, loss: Array, is_seen: Array) -> None:
        r = (s / n).max() / (s / n)
        floor = numpyro.sample("floor", dist.Uniform(0.0, baseline))
        mean, spread = floor, numpyro.sample("noise", dist.HalfNormal(0.02))
        for name, x in (("n", n), ("s", s), ("r", r)):
            if name in terms:
                size = numpyro.sample(f"size_{name}", dist.HalfNormal(0.2))
                exponent = numpyro.sample(f"exponent_{name}", dist.HalfNormal(1.0))
                mean = mean + size * x**-exponent
        with numpyro.plate("run", len(n)), mask(mask=is_seen):
            numpyro.sample("loss", dist.Normal(mean, spread), obs=loss)

    return model


def fit(name: str, lines: list[dict], left_out: int | None = None, seed: int = 0) -> xr.DataTree:
    """Sample the posterior of a law given all runs but one, with the log likelihood of every run."""
    n, s = (np.array([line[key] for line in lines], np.float32) for key in ("n_database", "n_cell"))
    loss = np.array([line["validation_loss"] for line in lines], np.float32)
    data = (jnp.asarray(n / n.min()), jnp.asarray(s / s.min()), float(lines[0]["validation_baseline"]), jnp.asarray(loss))
    model, is_run = law(LAWS[name]), jnp.arange(len(lines))
    kernel = NUTS(model, target_accept_prob=0.99)
    mcmc = MCMC(kernel, num_warmup=1500, num_samples=1500, num_chains=4, chain_method="vectorized", progress_bar=False)
    mcmc.run(random.key(seed), *data, is_run != (-1 if left_out is None else left_out))
    tree = from_numpyro(mcmc, log_likelihood=False)
    samples = mcmc.get_samples(group_by_chain=True)
    densities = log_likelihood(model, samples, *data, is_run >= 0, parallel=True, batch_ndims=2)["loss"]
    sizes = dict(zip(("chain", "draw", "run"), densities.shape, strict=True))
    coords = {name: np.arange(size) for name, size in sizes.items()}
    tree["log_likelihood"] = xr.DataTree(xr.Dataset({"loss": (tuple(sizes), np.asarray(densities))}, coords))
    return tree


class Refitted(SamplingWrapper):
    """Fits of a law to all runs but one."""

    def __init__(self, name: str, lines: list[dict], tree: xr.DataTree) -> None:
        self.lines = lines
        super().__init__(model=name, idata_orig=tree)

    def sel_observations(self, idx: int) -> tuple[int, int]:
        """The run that is left out."""
        return int(idx), int(idx)

    def sample(self, modified_observed_data: int) -> xr.DataTree:
        """Fit without it."""
        return fit(self.model, self.lines, modified_observed_data)

    def get_inference_data(self, fitted_model: xr.DataTree) -> xr.DataTree:
        """The fit."""
        return fitted_model

    def log_likelihood__i(self, excluded_obs: int, idata__i: xr.DataTree) -> xr.DataArray:
        """Log likelihood of the run that was left out."""
        return idata__i["log_likelihood"]["loss"].isel(run=excluded_obs)


def parts(lines: list[dict]) -> dict[str, tuple[list[dict], list[str]]]:
    """Runs that laws are fitted to, and which laws."""
    by_n: dict[int, list[dict]] = {}
    for line in lines:
        by_n.setdefault(line["n_database"], []).append(line)
    best = [min(mine, key=lambda line: line["validation_loss"]) for mine in by_n.values()]
    most = [line for line in lines if line["n_database"] * MOST >= max(by_n)]
    return {"all": (lines, list(LAWS)), "best": (best, ["databases", "flat"]), "most": (most, ["cells", "flat"])}


def summary(lines: list[dict], names: list[str]) -> dict[str, Any]:
    """Posteriors of laws, and their comparison by leave-one-out."""
    trees = {name: fit(name, lines) for name in names}
    first = {name: loo(tree, pointwise=True) for name, tree in trees.items()}
    n_refit = {name: int((found.pareto_k > found.good_k).sum()) for name, found in first.items()}
    exact = {name: reloo(Refitted(name, lines, tree), first[name]) for name, tree in trees.items()}
    table = compare(exact).assign(n_refit=n_refit)
    return {
        "n_run": len(lines),
        "comparison": json.loads(table[["elpd", "se", "p", "elpd_diff", "dse", "weight", "n_refit"]].to_json(orient="index")),
        "n_divergent": {name: int(tree["sample_stats"]["diverging"].sum()) for name, tree in trees.items()},
        "posteriors": {
            name: json.loads(summarise(tree["posterior"].to_dataset(), round_to="none").to_json(orient="index"))
            for name, tree in trees.items()
        },
    }


def main(results: str, out: str) -> None:
    """Fit, and write what was found."""
    found = {part: summary(some, names) for part, (some, names) in parts(read_lines(Path(results))).items()}
    Path(out).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
