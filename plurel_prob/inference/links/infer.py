"""Fit the models of one foreign key, compare and check them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jax import random

from plurel_prob.errors import DatabaseError
from plurel_prob.inference.links.key import ObservedLinks
from plurel_prob.inference.links.loo import leave_one_out
from plurel_prob.inference.links.posterior import BlockPosterior, Component, Fit
from plurel_prob.inference.links.predictive import (
    PROBABILITIES,
    STATISTICS,
    degree_quantiles,
    observed_links,
    pointwise,
    replicates,
    statistics,
)
from plurel_prob.inference.links.search import pad, place
from plurel_prob.priors import Prior, get_prior
from plurel_prob.programs.files import use_compilation_cache

MODELS = ("uniform", "popularity", "blocks", "blocks+popularity")
MAX_LEFT_OUT = 4000  # children of the leave-one-out comparison
MAX_REPLICATE = 200  # keys of the predictive checks


@dataclass(frozen=True)
class LinkInference:
    """Posteriors of the models of one foreign key.

    Attributes:
        models: model to its DataTree, with groups ``posterior`` (structure, affinities, alpha), ``log_likelihood`` (variable
            ``parent_row``, dimension ``child``), ``sample_stats`` (``diverging``; of the model: ``log_evidence`` in nats,
            ``ess``, the effective share of the importance sampler's draws, ``n_layout``), ``posterior_predictive`` and
            ``observed_data`` (statistics and quantiles of degrees). Attributes hold the sizes of the key.
    """

    models: dict[str, Any]

    def compare(self) -> pd.DataFrame:
        """ArviZ's comparison by leave-one-out, best first, plus ``log_evidence`` and ``bad_k``, the share of unreliable children.

        It is about the children whose log likelihood is kept, 4,000 at most: the same for all models.

        Raises:
            DatabaseError: there is only one model.
        """
        from arviz_stats import compare

        if len(self.models) < 2:
            raise DatabaseError("a comparison needs two models or more")
        left_out = {name: leave_one_out(tree) for name, tree in self.models.items()}
        table = compare(left_out)
        table["log_evidence"] = [self.models[name]["sample_stats"]["log_evidence"].item() for name in table.index]
        table["bad_k"] = [float((left_out[name].pareto_k > left_out[name].good_k).mean()) for name in table.index]
        return table

    def predictive_checks(self) -> pd.DataFrame:
        """Every statistic of degrees: observed, predictive quantiles, and the two-sided posterior predictive p-value."""
        rows = []
        for name, tree in self.models.items():
            for statistic in STATISTICS:
                drawn = tree["posterior_predictive"][statistic].to_numpy().ravel()
                observed = tree["observed_data"][statistic].item()
                tail = min((drawn >= observed).mean(), (drawn <= observed).mean())
                low, middle, high = np.quantile(drawn, (0.05, 0.5, 0.95))
                rows.append((name, statistic, observed, low, middle, high, min(1.0, 2 * tail)))
        return pd.DataFrame(rows, columns=["model", "statistic", "observed", "q05", "median", "q95", "p_value"])


def infer_links(
    parent_row: np.ndarray,
    n_parent: int,
    prior: Prior | str | Path = "plurel",
    *,
    models: Sequence[str] = MODELS,
    n_draw: int = 500,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> LinkInference:
    r"""Which model explains a foreign key: posteriors of four.

    ``uniform``: every parent is as likely. ``popularity``: parents have probabilities, symmetric Dirichlet with concentration
    :math:`\alpha \sim \text{LogNormal}(0, 2)`. ``blocks``: PluRel's hierarchical stochastic block model
    (arXiv:2602.04029), of unknown structure and affinities, as in :func:`plurel_prob.models.links.links`.
    ``blocks+popularity``: base clusters by the block model, and within a base cluster Dirichlet probabilities, of one
    concentration.

    Structures are compared by their evidence: all of them roughly, the best by Laplace approximations, the best of those by
    importance sampling; NUTS draws the affinities of every structure that a draw needs. Alpha is integrated out on a grid. All
    works on tables of counts, so long keys cost little more than short ones.

    Args:
        parent_row: shape ``(child,)``, integers in ``[-1, n_parent)``: the parent of every child, in the order of rows; -1
            where the key is missing.
        n_parent: rows of the parent table.
        prior: of structures and affinities: a prior, its name or a TOML file.
        models: which models to fit.
        n_draw: draws from every posterior, 50 at least.
        seed: of all draws.
        progress: called with the model, how many are done, and how many there are.

    Raises:
        DatabaseError: rows are not rows of the parent table, all are missing, or there is no such model.
        PriorError: the prior cannot be used.

    Example:
        >>> import numpy as np
        >>> from plurel_prob.inference.links import infer_links
        >>> infer_links(np.arange(300) // 10, 30).compare()  # doctest: +SKIP
    """
    use_compilation_cache()
    unknown = [model for model in models if model not in MODELS]
    if unknown or not models:
        raise DatabaseError(f"models: choose from {', '.join(MODELS)}; got {', '.join(unknown) or 'none'}")
    if n_draw < 50:
        raise DatabaseError(f"n_draw: leave-one-out needs 50 draws at least, got {n_draw}")
    key = ObservedLinks(np.asarray(parent_row), n_parent)
    posterior = BlockPosterior(key, get_prior(prior).links, random.key(seed), n_draw)
    n_left_out = min(key.n_link, MAX_LEFT_OUT)
    index = np.sort(np.random.default_rng([seed, 0]).choice(key.n_link, n_left_out, replace=False))
    trees = {}
    for i, model in enumerate(models):
        if progress:
            progress(model, i, len(models))
        rng = np.random.default_rng([seed, 1 + MODELS.index(model)])
        trees[model] = tree_of(key, model, fit(posterior, model, rng), index, rng)
    if progress:
        progress("done", len(models), len(models))
    return LinkInference(trees)


def fit(posterior: BlockPosterior, model: str, rng: np.random.Generator) -> Fit:
    """Fit one model. Without blocks there is one layout, that of no cluster."""
    if model.startswith("blocks"):
        return posterior.fit(rng, has_popularity=model.endswith("popularity"))
    n_draw, key = posterior.n_draw, posterior.key
    alpha, log_evidence = None, -key.n_link * np.log(key.n_parent)
    if model == "popularity":
        concentration = posterior.concentration(1)
        alpha, log_evidence = concentration.draw(rng, n_draw), log_evidence + concentration.log_bayes_factor
    flat = np.ones((n_draw, 1, 1, 1))
    return Fit([Component((), [], flat, alpha, np.zeros(n_draw, bool))], float(log_evidence), 1.0, 1)


def tree_of(key: ObservedLinks, model: str, fit: Fit, index: np.ndarray, rng: np.random.Generator) -> Any:
    """Put a fit into ArviZ's layout; draws of different structures are shuffled."""
    from arviz_base import from_dict

    order = rng.permutation(sum(len(component.affinity) for component in fit.components))

    def shuffled(parts: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(parts)[order][None]

    posterior = {name: shuffled(parts) for name, parts in draws_of(fit).items()}
    likelihood = shuffled([pointwise(key, component, index) for component in fit.components])
    diverging = shuffled([component.diverging for component in fit.components])
    tree = from_dict(
        {
            "posterior": posterior,
            "log_likelihood": {"parent_row": likelihood},
            "sample_stats": {"diverging": diverging},
            "posterior_predictive": {name: value[None] for name, value in summary(predict(key, fit, rng)).items()},
            "observed_data": {name: value[0] for name, value in summary([observed_links(key)]).items()},
        },
        coords={"child": key.child[index], "probability": np.array(PROBABILITIES)},
        dims={
            "n_parent_cluster": ["level"],
            "n_child_cluster": ["level"],
            "affinity": ["level", "parent_cluster", "child_cluster"],
            "parent_row": ["child"],
            "degree_quantile": ["probability"],
        },
    )
    for name in ("log_evidence", "ess", "n_layout"):
        tree["sample_stats"][name] = getattr(fit, name)
    tree.attrs = {"model": model, "n_child": key.n_child, "n_link": key.n_link, "n_parent": key.n_parent}
    return tree


def draws_of(fit: Fit) -> dict[str, list[np.ndarray]]:
    """Parameters by component; a model without any has none."""
    result: dict[str, list[np.ndarray]] = {}
    for component in fit.components:
        if component.structures:
            max_level = component.affinity.shape[1]
            matching = component.matching
            drawn = zip(component.affinity, component.structures, strict=True)
            result.setdefault("n_level", []).append(np.array([len(s) for s in component.structures]))
            result.setdefault("n_parent_cluster", []).append(pad(component.structures, max_level, 0))
            result.setdefault("n_child_cluster", []).append(pad(component.structures, max_level, 1))
            result.setdefault("affinity", []).append(np.stack([place(a, s, matching) for a, s in drawn]))
        if component.alpha is not None:
            result.setdefault("alpha", []).append(component.alpha)
    return result


def summary(keys: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
    """Statistics and quantiles of degrees of keys, by name."""
    found = [(statistics(links), degree_quantiles(links)) for links in keys]
    value = np.stack([part[0] for part in found], axis=1)
    return dict(zip(STATISTICS, value, strict=True)) | {"degree_quantile": np.stack([part[1] for part in found])}


def predict(key: ObservedLinks, fit: Fit, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Draw new keys: at most 200, spread over the components by the number of their draws."""
    total = sum(len(component.affinity) for component in fit.components)
    chosen = rng.permutation(total)[:MAX_REPLICATE]
    first = 0
    for component in fit.components:
        n = len(component.affinity)
        yield from replicates(key, component, chosen[(chosen >= first) & (chosen < first + n)] - first, rng)
        first += n
