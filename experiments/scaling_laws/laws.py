"""Fit laws of the loss to the results, and compare them: ``python -m experiments.scaling_laws.laws RESULTS OUT``.

The joint law is L(N, S) = C + A N^-a + B S^-b, with N databases and S cells or rows seen (in units of the smallest); laws of N or
of S alone lack a term, the flat law has C alone, and the law of repetition adds D (S/N)^d to the joint one (S/N in units of the
largest): what it costs to see the same databases again. Losses are observed with normal noise. Exponents have half-normal priors
of scale 1.

Of results of networks of rows, those of each prior have laws of their own, of the loss on what that prior holds out. Laws are
fitted to all runs; those of N also to the best run of each N, those of S to the runs with the most databases. They are compared
by leave-one-out, exactly: each law is fitted again without each run.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import Array, random
from numpyro.diagnostics import split_gelman_rubin
from numpyro.handlers import mask
from numpyro.infer import MCMC, NUTS

from experiments.lines import Line, read_lines

LAWS = {"repetition": ("n", "s", "r"), "joint": ("n", "s"), "databases": ("n",), "seen": ("s",), "flat": ()}
MOST = 16  # runs with the most databases are those with at least this share of the largest number
INTERVAL = (0.055, 0.945)  # of the posterior
N_CHAIN, N_DRAW = 4, 500  # of all runs; of each chain, after as many to adapt


def law(terms: tuple[str, ...]) -> Callable[..., None]:
    """Give the model of a law with some terms."""

    def model(n: Array, s: Array, baseline: Array, loss: Array, is_known: Array) -> None:
        r = (s / n).max() / (s / n)
        floor = numpyro.sample("floor", dist.Uniform(0.0, baseline))
        mean, spread = floor, numpyro.sample("noise", dist.HalfNormal(0.02))
        for name, x in (("n", n), ("s", s), ("r", r)):
            if name in terms:
                size = numpyro.sample(f"size_{name}", dist.HalfNormal(0.2))
                exponent = numpyro.sample(f"exponent_{name}", dist.HalfNormal(1.0))
                mean = mean + size * x**-exponent
        numpyro.deterministic("mean", jnp.broadcast_to(mean, loss.shape))
        with numpyro.plate("run", len(n)), mask(mask=is_known):
            numpyro.sample("loss", dist.Normal(mean, spread), obs=loss)

    return model


def draws_of(name: str, lines: list[Line], is_known: Array) -> dict[str, Array]:
    """Draws of a law by chain, each given the runs that it knows; chains go side by side."""
    n, s, loss = (jnp.array([line[key] for line in lines], jnp.float32) for key in ("n_database", "n_seen", "loss"))
    given = n / n.min(), s / s.min(), jnp.float32(lines[0]["baseline"]), loss

    def chain(is_known: Array, key: Array) -> dict[str, Array]:
        kernel = NUTS(law(LAWS[name]), target_accept_prob=0.95, max_tree_depth=8)
        mcmc = MCMC(kernel, num_warmup=N_DRAW, num_samples=N_DRAW, progress_bar=False)
        mcmc.run(key, *given, is_known)
        return mcmc.get_samples()

    return jax.jit(jax.vmap(chain))(is_known, random.split(random.key(0), len(is_known)))


def posteriors(name: str, lines: list[Line]) -> tuple[dict[str, Array], np.ndarray]:
    """Draws of a law given all runs, by chain; and the log predictive density of each run given the others."""
    draws = draws_of(name, lines, jnp.concatenate([jnp.ones((N_CHAIN, len(lines)), bool), ~jnp.eye(len(lines), dtype=bool)]))
    others = jax.tree.map(lambda draw: draw[N_CHAIN:], draws)
    mean = jnp.einsum("rdr->rd", others["mean"])  # of the run that was left out
    density = dist.Normal(mean, others["noise"]).log_prob(jnp.array([line["loss"] for line in lines])[:, None])
    return jax.tree.map(lambda draw: draw[:N_CHAIN], draws), np.asarray(jax.nn.logsumexp(density, 1) - np.log(N_DRAW))


def described(draws: dict[str, Array]) -> dict[str, dict[str, float]]:
    """Mean, standard deviation and an interval of 89 % of every parameter."""
    found = {}
    for name, value in draws.items():
        if value.ndim == 2:
            low, high = np.quantile(value, INTERVAL)
            figures = {"mean": value.mean(), "sd": value.std(), "low": low, "high": high, "r_hat": split_gelman_rubin(value)}
            found[name] = {key: float(figure) for key, figure in figures.items()}
    return found


def compared(densities: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Sums of log predictive densities, how far each is behind the best, and the standard error of that."""
    best = max(densities, key=lambda name: densities[name].sum())
    found = {}
    for name, density in densities.items():
        behind = densities[best] - density
        error = float(np.sqrt(len(behind) * behind.var()))
        found[name] = {"elpd": float(density.sum()), "behind": float(behind.sum()), "standard_error": error}
    return found


def summary(lines: list[Line], names: list[str]) -> dict[str, Any]:
    """Posteriors of laws, and their comparison."""
    fits = {}
    for name in names:
        fits[name] = posteriors(name, lines)
        print(f"law {name}, {len(lines)} runs: {fits[name][1].sum():.1f}", flush=True)
    return {
        "n_run": len(lines),
        "comparison": compared({name: density for name, (_, density) in fits.items()}),
        "posteriors": {name: described(draws) for name, (draws, _) in fits.items()},
    }


def parts(lines: list[Line]) -> dict[str, tuple[list[Line], list[str]]]:
    """Runs that laws are fitted to, and which laws."""
    by_n: dict[int, list[Line]] = {}
    for line in lines:
        by_n.setdefault(line["n_database"], []).append(line)
    best = [min(mine, key=lambda line: line["loss"]) for mine in by_n.values()]
    most = [line for line in lines if line["n_database"] * MOST >= max(by_n)]
    return {"all": (lines, list(LAWS)), "best": (best, ["databases", "flat"]), "most": (most, ["seen", "flat"])}


def runs_of(path: Path) -> dict[str, list[Line]]:
    """Runs of each prior, with the loss on what it holds out and that of an untrained network; of the network of cells all."""
    found: dict[str, list[Line]] = {}
    for line in read_lines(path):
        if "losses" in line:
            losses, seen = line["losses"][line["prior"]], line["n_row"]
            run = {"n_seen": seen, "loss": losses["validation_loss"], "baseline": losses["untrained_loss"]}
            found.setdefault(f"{line['prior']}, {line['size']}", []).append(line | run)
        else:
            run = {"n_seen": line["n_cell"], "loss": line["validation_loss"], "baseline": line["validation_baseline"]}
            found.setdefault("cells", []).append(line | run)
    return found


def main(results: str, out: str) -> None:
    """Fit, and write what was found."""
    found = {
        group: {part: summary(some, names) for part, (some, names) in parts(lines).items()}
        for group, lines in runs_of(Path(results)).items()
    }
    Path(out).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
