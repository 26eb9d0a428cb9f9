"""Inference of a schema's graph: evidence of every family, and draws from the joint posterior."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int

from plurel_prob.distributions import FAMILIES
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.schema.candidates import draw_from, log_sum
from plurel_prob.inference.schema.densities import draw_graphs, static_size
from plurel_prob.inference.schema.evidence import CONTINUOUS, Evidence, Posterior, evidence
from plurel_prob.inference.schema.table_graphs import STATISTICS, adjacency, check_parents, statistics
from plurel_prob.priors import Prior, SchemaPrior, get_prior
from plurel_prob.priors.fields import support_bounds
from plurel_prob.programs.files import use_compilation_cache

if TYPE_CHECKING:
    import networkx
    import xarray

PARAMETERS = ("edge_prob", "n_neighbor", "rewire_prob", "depth", "log_odds")
BY_TABLE = ("as_cause", "as_effect")
LAW_NAME = dict(CONTINUOUS.values())  # of a field of the prior, where the law calls it otherwise


def infer_schema(
    graph: "networkx.DiGraph", prior: "Prior | str | Path" = "plurel", *, n_draw: int = 1000, seed: int = 0
) -> "xarray.DataTree":
    r"""Posterior of the family, its parameters and the topological order, given which table refers to which.

    The law is stage 1 of the prior (:func:`plurel_prob.models.schema.schema`; PluRel, arXiv:2602.04029) given the number of
    tables :math:`n`. The labels of the tables carry no order: the order :math:`\sigma` is latent, and so are a family's marks
    :math:`m` (edges lost, joined or rewired). With :math:`E` the graph and :math:`E(m)` the edges of marks,

    .. math:: p(E \mid n, \text{family}) = \int p(\theta)\, \frac{1}{n!}
        \sum_{\sigma} \sum_{m : E(m) = \sigma(E)} p_\text{family}(m \mid n, \theta)\, d\theta.

    Sums are complete for up to 7 tables, and beyond where they have at most 400,000 terms; else orders and marks are sampled
    and weighted. Discrete parameters are summed over, one continuous parameter is integrated by quadrature, and
    RandomCauchy's :math:`2n + 1` always by tempered sequential Monte Carlo.

    Args:
        graph: edges from parent to child; see :func:`table_graph`.
        prior: a prior, its name, or a TOML file.
        n_draw: number of draws, independent given the sampled orders and marks.
        seed: of everything that is random.

    Returns:
        Groups, with dimensions ``chain`` (one), ``draw`` and those named here:

        - ``posterior``: ``family`` (index into the coordinate ``family`` of ``sample_stats``), ``place`` (``table``: place in the
          topological order, 0 first), ``edge_prob``, ``n_neighbor``, ``rewire_prob``, ``depth``, ``log_odds``, and where the
          prior has RandomCauchy ``as_cause`` and ``as_effect`` (``table``); NaN where the drawn family has no such parameter.
        - ``log_likelihood``: ``graph``, the log probability of the graph given the drawn family and its parameters, marginal over
          orders and marks; for RandomCauchy marginal over its parameters too, as is the evidence.
        - ``sample_stats`` (``family``): ``log_evidence``, the log of the above; ``posterior_prob``; ``is_exact``, whether its
          sums have all their terms; ``log_evidence_ess``, the effective sample size of an estimate, and for exact ones the
          number of terms. Without a dimension: ``log_evidence_total``, the log probability of the graph under the prior.
        - ``posterior_predictive``: ``graph`` (``parent``, ``child``), a new graph of the drawn family and parameters, labelled at
          random, and its statistics ``n_edge``, ``max_parent``, ``depth`` (layers), ``n_root`` and ``n_component``.
        - ``observed_data``: the same of the graph.

    Raises:
        DatabaseError: the graph has a cycle, has more parents of a table or another number of tables than the prior allows, or
            has probability 0 under every family.
    """
    use_compilation_cache()
    prior = get_prior(prior)
    edge, found, log_joint = weigh_families(graph, prior.schema, seed)
    rng = np.random.default_rng([seed, len(FAMILIES)])
    family = draw_from(log_joint, rng, n_draw)
    draws = _draws(found, family, rng)
    graphs = _predict(prior.schema, found, family, draws, rng)
    return _tree(edge, [str(table) for table in graph.nodes], found, log_joint, family, draws, graphs)


def weigh_families(
    graph: "networkx.DiGraph", prior: SchemaPrior, seed: int
) -> tuple[Bool[np.ndarray, "parent child"], list[Evidence], Float[np.ndarray, " family"]]:
    """Matrix of a graph, the evidence of every family, and the log joint probability of family and graph.

    Raises:
        DatabaseError: see :func:`infer_schema`.
    """
    edge = adjacency(graph, prior)
    check_parents(edge, list(graph.nodes), prior)
    found = evidences(edge, prior, seed)
    log_joint = log_priors(prior, found) + np.array([one.log_evidence for one in found])
    if log_joint.max() == -np.inf:
        raise DatabaseError(_no_family(found, edge))
    return edge, found, log_joint


def graph_log_prob(graph: "networkx.DiGraph", prior: "Prior | str | Path" = "plurel", *, seed: int = 0) -> float:
    r"""Log probability of a graph over labelled tables given their number, :math:`\log p(E \mid n)`, in nats.

    Marginal over families, parameters, orders and marks, as in :func:`infer_schema`. Minus infinity where no family can give the
    graph, or where none of the sampled orders and marks can have.

    Raises:
        DatabaseError: the graph has a cycle, or a number of tables that the prior excludes.
    """
    schema = get_prior(prior).schema
    edge = adjacency(graph, schema)
    if edge.sum(0).max() > schema.max_parent:
        return -np.inf
    found = evidences(edge, schema, seed)
    return float(log_sum(log_priors(schema, found) + np.array([one.log_evidence for one in found])))


def evidences(edge: Bool[np.ndarray, "parent child"], prior: SchemaPrior, seed: int) -> list[Evidence]:
    """Evidence of every family of the prior."""
    low, high = support_bounds(prior.graph.family)
    index = np.arange(int(low), int(high) + 1)
    possible = index[np.isfinite(np.asarray(prior.graph.family.log_prob(index)))]
    return [evidence(list(FAMILIES)[family], edge, prior, seed) for family in possible]


def log_priors(prior: SchemaPrior, found: list[Evidence]) -> Float[np.ndarray, " family"]:
    """Log prior probabilities of the families."""
    index = np.array([list(FAMILIES).index(one.family) for one in found])
    return np.asarray(prior.graph.family.log_prob(index), np.float64)


def _no_family(found: list[Evidence], edge: Bool[np.ndarray, "parent child"]) -> str:
    """What is wrong with a graph that no family can give."""
    n_component = int(statistics(edge)["n_component"])
    if n_component > 1:
        return f"the tables fall into {n_component} groups that no key joins, and graphs of every family are connected"
    sampled = [one.family for one in found if not one.is_exact]
    text = f"the graph has probability 0 under every family of the prior ({', '.join(one.family for one in found)})"
    if sampled:
        text += f", as far as sampled orders and marks tell for {', '.join(sampled)}"
    return text + "; a prior file with more families in schema.graph.family, such as ErdosRenyi, may allow it"


def _draws(found: list[Evidence], family: Int[np.ndarray, " draw"], rng: np.random.Generator) -> dict[int, Posterior]:
    """Draws within every family that was drawn."""
    return {int(index): found[index].draw(rng, int((family == index).sum())) for index in np.unique(family)}


def _predict(
    prior: SchemaPrior, found: list[Evidence], family: np.ndarray, draws: dict[int, Posterior], rng: np.random.Generator
) -> Bool[np.ndarray, "draw parent child"]:
    """A new graph for each draw, tables in a uniform order."""
    n = next(iter(draws.values())).order.shape[1]
    graphs = np.zeros((len(family), n, n), bool)
    for index, drawn in draws.items():
        parameter = {LAW_NAME.get(name, name): value for name, value in drawn.parameter.items()}
        for name in parameter.keys() & set(BY_TABLE):
            parameter[name] = np.pad(parameter[name], ((0, 0), (0, static_size(n, prior) - n)))
        n_draw, seed = len(drawn.order), int(rng.integers(2**31))
        graphs[family == index] = draw_graphs(found[index].family, n, prior, parameter, n_draw, seed)
    label = rng.permuted(np.tile(np.arange(n), (len(family), 1)), axis=1)
    return graphs[np.arange(len(family))[:, None, None], label[:, :, None], label[:, None, :]]


def _tree(
    edge: np.ndarray,
    tables: list[str],
    found: list[Evidence],
    log_joint: np.ndarray,
    family: np.ndarray,
    draws: dict[int, Posterior],
    graphs: np.ndarray,
) -> "xarray.DataTree":
    import arviz_base
    import xarray

    posterior = _posterior(len(tables), found, family, draws)
    log_likelihood = np.zeros(len(family))
    for index, drawn in draws.items():
        log_likelihood[family == index] = drawn.log_likelihood
    predicted, observed = statistics(graphs), statistics(edge)
    tree = arviz_base.from_dict(
        {
            "posterior": {name: value[None] for name, value in posterior.items()},
            "posterior_predictive": {"graph": graphs[None].astype(np.int8)}
            | {name: predicted[name][None] for name in STATISTICS},
            "observed_data": {"graph": edge.astype(np.int8)} | {name: observed[name] for name in STATISTICS},
        },
        dims={"graph": ["parent", "child"], "place": ["table"], "as_cause": ["table"], "as_effect": ["table"]},
        coords={"table": tables, "parent": tables, "child": tables},
    )
    tree["log_likelihood"] = arviz_base.from_dict({"log_likelihood": {"graph": log_likelihood[None]}})["log_likelihood"]
    total = float(log_sum(log_joint))
    stats = {
        "log_evidence": ("family", np.array([one.log_evidence for one in found])),
        "posterior_prob": ("family", np.exp(log_joint - total)),
        "log_evidence_ess": ("family", np.array([one.ess for one in found])),
        "is_exact": ("family", np.array([one.is_exact for one in found])),
        "log_evidence_total": ((), total),
    }
    tree["sample_stats"] = xarray.DataTree(xarray.Dataset(stats, coords={"family": [one.family for one in found]}))
    return tree


def _posterior(n: int, found: list[Evidence], family: np.ndarray, draws: dict[int, Posterior]) -> dict[str, np.ndarray]:
    """Family, place and parameters of every draw."""
    by_table = BY_TABLE if any(one.family == "RandomCauchy" for one in found) else ()
    posterior = {"family": family, "place": np.zeros((len(family), n), int)}
    posterior |= {name: np.full(len(family), np.nan) for name in PARAMETERS}
    posterior |= {name: np.full((len(family), n), np.nan) for name in by_table}
    for index, drawn in draws.items():
        place = np.argsort(drawn.order, axis=1)
        posterior["place"][family == index] = place
        for name, value in drawn.parameter.items():
            posterior[name][family == index] = np.take_along_axis(value, place, axis=1) if name in by_table else value
    return posterior
