"""Fit laws of the loss to the results, and compare them: ``python -m experiments.scaling_laws.laws RESULTS OUT``.

The joint law is L(N, S) = C + A N^-a + B S^-b, with N databases and S cells (in units of the smallest); laws of N or of S alone
lack a term, the flat law has C alone, and the law of repetition adds D (S/N)^d to the joint one (S/N in units of the largest):
what it costs to see the same databases again. Losses are observed with normal noise. Exponents have half-normal priors of
scale 1.

They are fitted to all runs; those of N also to the best run of each N, those of S to the runs with the most databases.
"""

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import Array, random
from numpyro.infer import MCMC, NUTS

from experiments.lines import read_lines

LAWS = {"repetition": ("n", "s", "r"), "joint": ("n", "s"), "databases": ("n",), "cells": ("s",), "flat": ()}
MOST = 16  # runs with the most databases are those with at least this share of the largest number


def law(terms: tuple[str, ...]) -> Callable[..., None]:
    """Give the model of a law with some terms."""

    def model(n: Array, s: Array, baseline: float, loss: Array | None = None) -> None:
        r = (s / n).max() / (s / n)
        floor = numpyro.sample("floor", dist.Uniform(0.0, baseline))
        mean, spread = floor, numpyro.sample("noise", dist.HalfNormal(0.02))
        for name, x in (("n", n), ("s", s), ("r", r)):
            if name in terms:
                size = numpyro.sample(f"size_{name}", dist.HalfNormal(0.2))
                exponent = numpyro.sample(f"exponent_{name}", dist.HalfNormal(1.0))
                mean = mean + size * x**-exponent
        with numpyro.plate("run", len(n)):
            numpyro.sample("loss", dist.Normal(mean, spread), obs=loss)

    return model


def fit(name: str, lines: list[dict], seed: int = 0) -> Any:
    """Sample the posterior of a law, as an ``xarray.DataTree`` with the log likelihood of every run."""
    from arviz_base import from_numpyro

    n, s = (np.array([line[key] for line in lines], np.float32) for key in ("n_database", "n_cell"))
    loss = np.array([line["validation_loss"] for line in lines], np.float32)
    kernel = NUTS(law(LAWS[name]), target_accept_prob=0.99)
    mcmc = MCMC(kernel, num_warmup=1500, num_samples=1500, num_chains=4, chain_method="vectorized", progress_bar=False)
    baseline = float(lines[0]["validation_baseline"])
    mcmc.run(random.key(seed), jnp.asarray(n / n.min()), jnp.asarray(s / s.min()), baseline, jnp.asarray(loss))
    return from_numpyro(mcmc, log_likelihood=True)


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
    from arviz_stats import compare
    from arviz_stats import summary as summarise

    trees = {name: fit(name, lines) for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few runs, some are influential: `p` tells
        table = compare(trees)
    return {
        "n_run": len(lines),
        "comparison": json.loads(table[["elpd", "p", "elpd_diff", "dse", "weight"]].to_json(orient="index")),
        "posteriors": {
            name: json.loads(summarise(tree["posterior"].to_dataset(), round_to="none").to_json(orient="index"))
            for name, tree in trees.items()
        },
    }


def main(results: str, out: str) -> None:
    """Fit, and write what was found."""
    found = {part: summary(some, names) for part, (some, names) in parts(read_lines(Path(results))).items()}
    Path(out).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
