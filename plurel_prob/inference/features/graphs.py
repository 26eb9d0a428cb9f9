"""The posterior over causal graphs of one table's columns."""

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from plurel_prob.errors import DatabaseError
from plurel_prob.inference.features.basis import features
from plurel_prob.inference.features.columns import Columns, encode
from plurel_prob.inference.features.dags import MAX_NODE, GraphPosterior, causes_of, log_structure_prior, membership
from plurel_prob.inference.features.scores import ColumnScores
from plurel_prob.programs.files import use_compilation_cache

if TYPE_CHECKING:
    from xarray import DataTree
else:
    DataTree = Any  # imported where it is used: xarray is slow to import

N_REPLICATE = 100  # draws that are checked against the data
N_BIN = 3


def infer_graph(
    table: pd.DataFrame,
    *,
    foreign: pd.DataFrame | None = None,
    is_transformed: bool = True,
    n_draw: int = 1000,
    seed: int = 0,
) -> DataTree:
    r"""Exact posterior over the causal graphs of a table's columns, under mechanisms close to the compact prior's.

    .. math:: P(G \mid x) \propto \prod_i \binom{n-1}{|\text{pa}_i|}^{-1} p(x_i \mid x_{\text{pa}_i})

    over all directed acyclic graphs in which a column has four causes at most, as in the compact prior. A number is taken as its
    normal scores, which are the same whatever monotone transform the column shows. Given its causes it is a linear regression on
    the leading terms of the effects' expansion (:mod:`.basis`), in closed form; a category is a softmax regression, by Laplace's
    approximation (:mod:`.regressions`). Draws are independent, and edge probabilities exact sums over all graphs (:mod:`.dags`).

    What it assumes: the columns are the nodes, with no hidden common cause among them; effects add up; causes have effects of one
    dimension. Graphs that differ in directions that the regressions cannot tell apart share the probability. Compact mechanisms
    are close to the model, not in it, and normal scores bend additive noise: in tables of the compact prior, probabilities near
    one are too sure of directions (``experiments/calibration/`` measures by how much).

    Args:
        table: 2 to 8 columns of numbers, booleans or categories (20 at most). Rows with a missing cell are left out; of more than
            2,000 rows that remain, 2,000 are taken evenly.
        foreign: columns of parent tables at the linked rows, a row for each of the table's; they may act on every column and have
            no causes themselves. They enter by the first eight principal components of their features. Missing cells say nothing.
        is_transformed: numbers may be any monotone transform of their nodes: they are taken as normal scores. If not, they are in
            the units of nodes, and only standardised, which tells directions much better.
        n_draw: number of graphs to draw.
        seed: of the draws.

    Returns:
        ``posterior``: ``edge`` (draw, cause, effect). ``sample_stats``: ``log_evidence``, in nats, and ``edge_prob`` (cause,
        effect), exact. ``log_likelihood``: ``column`` (draw, name), log marginal likelihood of each column given its causes.
        ``posterior_predictive`` and ``observed_data``: ``dependence`` (name, other), Cramer's V of columns cut at terciles; of
        replicated tables for the first 100 draws.

    Raises:
        DatabaseError: the number of columns, a column's type or the number of complete rows does not allow it.
    """
    use_compilation_cache()
    if not 2 <= table.shape[1] <= MAX_NODE:
        raise DatabaseError(f"graphs are inferred over 2 to {MAX_NODE} columns; got {table.shape[1]}: choose some")
    columns = encode(table, foreign, is_transformed=is_transformed)
    return graph_posterior(columns, n_draw=n_draw, seed=seed)


def graph_posterior(columns: Columns, *, n_draw: int, seed: int) -> DataTree:
    """Return the posterior over graphs of encoded columns, see :func:`infer_graph`."""
    rng = np.random.default_rng(seed)
    scores = ColumnScores(columns)
    prior = GraphPosterior(log_structure_prior(len(columns.names)))
    posterior = GraphPosterior(np.where(np.isfinite(prior.score), prior.score + scores.score, -np.inf))
    edge = posterior.sample(rng, n_draw)
    node = np.arange(len(columns.names))
    log_likelihood = np.array([scores.score[node, causes_of(graph)] for graph in edge])
    replicated = [dependence(replicate(scores, graph, rng), columns.n_category) for graph in edge[:N_REPLICATE]]
    log_evidence = posterior.log_evidence - prior.log_evidence
    return _tree(columns, edge, log_evidence, posterior.edge_prob, log_likelihood, np.array(replicated))


def replicate(
    scores: ColumnScores, edge: Bool[np.ndarray, "cause effect"], rng: np.random.Generator
) -> Float[np.ndarray, "row column"]:
    """Draw mechanisms from their posterior given a graph, and a table from them, causes first."""
    design, value = scores.design.copy(), np.zeros_like(scores.columns.value)
    member = membership(len(edge))
    for node in topological_order(edge):
        mechanism = scores.draw(node, np.flatnonzero(member[causes_of(edge)[node]]), rng)
        value[:, node] = mechanism.sample(design, rng)
        drawn = jnp.asarray(value[:, node], jnp.float32)
        design[:, scores.blocks[node]] = np.asarray(features(drawn, scores.columns.n_category[node]))
    return value


def topological_order(edge: Bool[np.ndarray, "cause effect"]) -> list[int]:
    """Nodes of a graph, causes first.

    Raises:
        DatabaseError: the graph has a cycle.
    """
    order: list[int] = []
    while len(order) < len(edge):
        is_open = ~np.isin(np.arange(len(edge)), order)
        ready = np.flatnonzero(is_open & ~edge[is_open].any(axis=0))
        if len(ready) == 0:
            raise DatabaseError(f"the causal graph has a cycle among columns {', '.join(map(str, np.flatnonzero(is_open)))}")
        order += ready.tolist()
    return order


def dependence(value: Float[np.ndarray, "row column"], n_category: tuple[int, ...]) -> Float[np.ndarray, "column other"]:
    r"""Cramer's V of every pair of columns, :math:`(\chi^2 / (n (k - 1)))^{1/2}`; numbers are cut at their terciles."""
    binned = [_bins(column, n) for column, n in zip(value.T, n_category, strict=True)]
    result = np.ones((len(binned), len(binned)))
    for i, first in enumerate(binned):
        for j, second in enumerate(binned[:i]):
            share = first.T @ second / len(first)
            expected = np.outer(share.sum(axis=1), share.sum(axis=0))
            square = ((share - expected) ** 2)[expected > 0] / expected[expected > 0]
            result[i, j] = result[j, i] = np.sqrt(square.sum() / (min(share.shape) - 1))
    return result


def _bins(column: Float[np.ndarray, " row"], n_category: int) -> Float[np.ndarray, "row bin"]:
    n_bin = n_category or N_BIN
    cuts = np.quantile(column, np.arange(1, N_BIN) / N_BIN)
    place = column.astype(int) if n_category else np.searchsorted(cuts, column)
    return np.eye(n_bin)[place]


def _tree(
    columns: Columns,
    edge: np.ndarray,
    log_evidence: float,
    edge_prob: np.ndarray,
    log_likelihood: np.ndarray,
    replicated: np.ndarray,
) -> DataTree:
    import xarray as xr

    names, drawn = list(columns.names), ("chain", "draw")
    pair, edge_dims = {"name": names, "other": names}, ("cause", "effect")

    def dataset(variables: dict, n_draw: int, **coords: list[str]) -> xr.Dataset:
        return xr.Dataset(variables, coords={"chain": [0], "draw": np.arange(n_draw), **coords})

    observed = {"dependence": (("name", "other"), dependence(columns.value, columns.n_category))}
    stats = {"log_evidence": ((), log_evidence), "edge_prob": (edge_dims, edge_prob)}
    groups = {
        "posterior": dataset({"edge": ((*drawn, *edge_dims), edge[None].astype(np.int8))}, len(edge), cause=names, effect=names),
        "log_likelihood": dataset({"column": ((*drawn, "name"), log_likelihood[None])}, len(edge), name=names),
        "sample_stats": xr.Dataset(stats, coords={"cause": names, "effect": names}),
        "posterior_predictive": dataset({"dependence": ((*drawn, "name", "other"), replicated[None])}, len(replicated), **pair),
        "observed_data": xr.Dataset(observed, coords=pair),
    }
    return xr.DataTree.from_dict(groups)
