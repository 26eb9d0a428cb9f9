"""Posterior of the parameters of one table's mechanisms, given its causal graph."""

from functools import cache, partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jax import random
from jaxtyping import Array, Bool, Float, PRNGKeyArray
from numpyro.infer import MCMC, NUTS, Predictive, init_to_median, log_likelihood

from plurel_prob.errors import DatabaseError
from plurel_prob.inference.features.columns import Columns, encode
from plurel_prob.inference.features.graphs import topological_order
from plurel_prob.inference.features.model import ColumnGraph, mechanisms
from plurel_prob.programs.files import use_compilation_cache

if TYPE_CHECKING:
    import networkx as nx
    from xarray import DataTree
else:
    DataTree = Any  # imported where they are used: they are slow to import

N_WARMUP = 500
EXTRA_FIELDS = ("energy", "diverging", "num_steps", "accept_prob")
TABLE_PARAMETERS = ("noise_level", "sharpness", "foreign_strength")


class NoParameters(DatabaseError):
    """Mechanisms that have nothing to infer."""


def infer_mechanisms(
    table: pd.DataFrame,
    graph: "np.ndarray | nx.DiGraph",
    *,
    foreign: pd.DataFrame | None = None,
    is_transformed: bool = True,
    n_draw: int = 500,
    n_chain: int = 2,
    seed: int = 0,
) -> DataTree:
    """Posterior of the mechanisms of a table's columns given their causal graph, by NUTS (see :mod:`.model` for the law).

    Args:
        table: columns of numbers, booleans or categories (20 at most), which are the graph's nodes. Rows with a missing cell are
            left out; of more than 2,000 rows that remain, 2,000 are taken evenly.
        graph: acyclic; a matrix whose entry (cause, effect) says whether there is an edge, in the order of the columns, or a
            ``networkx.DiGraph`` over the columns' names.
        foreign: see :func:`infer_graph`; here they act on every column.
        is_transformed: see :func:`infer_graph`.
        n_draw: draws of each chain, after 500 to warm up.
        n_chain: number of chains; they run side by side.
        seed: of the chains.

    Returns:
        ``posterior``: of the table ``noise_level``, ``sharpness``, ``foreign_strength`` (those that the columns need); of columns
        ``noise_scale``; of edges ``strength``, the standard deviation of the edge's term over the rows, in units of the number's
        normal scores or of a category's logits (root mean square over contrasts); ``coefficient``, all of them (``term`` says
        whose); of categories without causes ``probs``. ``log_likelihood``, ``posterior_predictive`` and ``observed_data``: a
        variable a column, by row; numbers in normal scores, replicated rows drawn causes first. ``sample_stats``: NUTS'.
        ``constant_data``: ``edge`` (cause, effect), the graph.

    Raises:
        DatabaseError: a column cannot be used, or the graph does not fit the columns or has a cycle.
        NoParameters: all columns are numbers, and there is no edge.
    """
    use_compilation_cache()
    columns = encode(table, foreign, is_transformed=is_transformed)
    edge = edges_of(graph, columns.names)
    if not edge.any() and not columns.foreign.shape[1] and not any(columns.n_category):
        raise NoParameters(f"{', '.join(columns.names)}: numbers without an edge, whose mechanisms have no parameters")
    tree = posterior_of(columns, structure_of(columns, edge), n_draw=n_draw, n_chain=n_chain, seed=seed)
    tree.attrs["is_transformed"] = int(is_transformed)
    return tree


def edges_of(graph: "np.ndarray | nx.DiGraph", names: tuple[str, ...]) -> Bool[np.ndarray, "cause effect"]:
    """Edges of a graph as a matrix.

    Raises:
        DatabaseError: it has a node that is no column, or the wrong shape.
    """
    if not isinstance(graph, np.ndarray):
        unknown = [str(node) for node in graph if str(node) not in names]
        if unknown:
            raise DatabaseError(f"the graph's node {unknown[0]} is no column; there are {', '.join(names)}")
        edge = np.zeros((len(names), len(names)), bool)
        for cause, effect in graph.edges:
            edge[names.index(str(cause)), names.index(str(effect))] = True
        return edge
    if graph.shape != (len(names), len(names)):
        raise DatabaseError(f"the graph's matrix has shape {graph.shape}; {len(names)} columns need ({len(names)}, {len(names)})")
    return graph.astype(bool)


def structure_of(columns: Columns, edge: Bool[np.ndarray, "cause effect"]) -> ColumnGraph:
    """What is fixed about the mechanisms."""
    causes = tuple(tuple(np.flatnonzero(edge[:, effect]).tolist()) for effect in range(len(edge)))
    return ColumnGraph(columns.n_category, causes, tuple(topological_order(edge)), columns.foreign.shape[1])


@cache
def sampler(structure: ColumnGraph, n_draw: int, n_chain: int) -> MCMC:
    """NUTS, compiled once for tables of the same structure and number of rows."""
    kernel = NUTS(partial(mechanisms, structure), init_strategy=init_to_median)
    return MCMC(
        kernel,
        num_warmup=N_WARMUP,
        num_samples=n_draw,
        num_chains=n_chain,
        chain_method="vectorized",
        progress_bar=False,
        jit_model_args=True,
    )


def run(columns: Columns, structure: ColumnGraph, rng_key: PRNGKeyArray, *, n_draw: int, n_chain: int) -> MCMC:
    """Run the chains."""
    mcmc = sampler(structure, n_draw, n_chain)
    mcmc.run(rng_key, *arguments(columns), extra_fields=EXTRA_FIELDS)
    return mcmc


def arguments(columns: Columns) -> tuple[Array, Array, tuple[Array, ...]]:
    """Return foreign features, values and features of columns, as the model takes them."""
    foreign, value = jnp.asarray(columns.foreign, jnp.float32), jnp.asarray(columns.value, jnp.float32)
    return foreign, value, tuple(jnp.asarray(feature, jnp.float32) for feature in columns.features)


def posterior_of(columns: Columns, structure: ColumnGraph, *, n_draw: int, n_chain: int, seed: int) -> DataTree:
    """Return the posterior of encoded columns' mechanisms, see :func:`infer_mechanisms`."""
    run_key, predict_key = random.split(random.key(seed))
    mcmc = run(columns, structure, run_key, n_draw=n_draw, n_chain=n_chain)
    sites = mcmc.get_samples(group_by_chain=True)
    model, (foreign, value, feature) = partial(mechanisms, structure), arguments(columns)
    predict = Predictive(model, mcmc.get_samples())
    replicated = predict(predict_key, foreign)
    likelihood = log_likelihood(model, mcmc.get_samples(), foreign, value, feature)
    return _tree(columns, structure, jax.device_get((sites, replicated, likelihood, mcmc.get_extra_fields(group_by_chain=True))))


def strength(
    columns: Columns, structure: ColumnGraph, coefficient: dict[int, np.ndarray]
) -> dict[tuple[int, int], Float[np.ndarray, "chain draw"]]:
    """Standard deviation over rows of every edge's term."""
    result = {}
    for effect, causes in enumerate(structure.causes):
        start = 1
        for cause in causes:
            block = coefficient[effect][:, :, start : start + structure.n_feature(cause)]
            covariance = np.cov(columns.features[cause], rowvar=False, bias=True).reshape(2 * (block.shape[2],))
            square = np.einsum("cdp...,pq,cdq...->cd...", block, covariance, block)
            result[cause, effect] = np.sqrt(square if square.ndim == 2 else square.mean(axis=2))
            start += structure.n_feature(cause)
    return result


def _terms(columns: Columns, structure: ColumnGraph, column: int) -> list[str]:
    """Labels of a column's coefficients."""
    names, target = columns.names, columns.names[column]
    labels = [f"{target}: intercept"]
    for cause in structure.causes[column]:
        labels += [f"{names[cause]} -> {target}: {k}" for k in range(structure.n_feature(cause))]
    labels += [f"parent tables -> {target}: {k}" for k in range(structure.n_foreign)]
    n_category = structure.n_category[column]
    return [f"{label}, contrast {c}" for label in labels for c in range(n_category - 1)] if n_category else labels


def _posterior(columns: Columns, structure: ColumnGraph, sites: dict[str, np.ndarray]) -> tuple[dict, dict]:
    """Variables (dimensions beside chain and draw, values) and coordinates."""
    names = columns.names
    caused = [column for column in range(len(names)) if structure.is_caused(column)]
    numbers = [column for column in caused if structure.n_category[column] == 0]
    roots = [column for column in range(len(names)) if f"probs_{column}" in sites]
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        name: ((), sites[name]) for name in TABLE_PARAMETERS if name in sites
    }
    coords: dict[str, list[str]] = {}
    if numbers:
        variables["noise_scale"] = ("number",), np.stack([sites[f"noise_scale_{column}"] for column in numbers], axis=-1)
        coords["number"] = [names[column] for column in numbers]
    parts = {
        column: [sites[f"{name}_{column}"] for name in ("coefficient", "foreign")[: 1 + bool(structure.n_foreign)]]
        for column in caused
    }
    of_column = {column: np.concatenate(part, axis=2) for column, part in parts.items()}
    edges = strength(columns, structure, of_column)
    if edges:
        variables["strength"] = ("edge",), np.stack(list(edges.values()), axis=-1)
        coords["edge"] = [f"{names[cause]} -> {names[effect]}" for cause, effect in edges]
    if caused:
        flat = [value.reshape(*value.shape[:2], -1) for value in of_column.values()]
        variables["coefficient"] = ("term",), np.concatenate(flat, axis=-1)
        coords["term"] = [label for column in caused for label in _terms(columns, structure, column)]
    if roots:
        variables["probs"] = ("category",), np.concatenate([sites[f"probs_{column}"] for column in roots], axis=-1)
        coords["category"] = [f"{names[column]} {k}" for column in roots for k in range(structure.n_category[column])]
    return variables, coords


def _tree(columns: Columns, structure: ColumnGraph, results: tuple[dict, dict, dict, dict]) -> DataTree:
    import xarray as xr

    sites, replicated, likelihood, stats = results
    n_chain, n_draw = stats["diverging"].shape
    axes = {"chain": np.arange(n_chain), "draw": np.arange(n_draw)}

    def by_column(values: dict[str, np.ndarray]) -> xr.Dataset:
        shape = (n_chain, n_draw, len(columns.value))
        named = {name: values[f"column_{column}"].reshape(shape) for column, name in enumerate(columns.names)}
        return xr.Dataset({name: (("chain", "draw", "row"), value) for name, value in named.items()}, coords=axes)

    variables, coords = _posterior(columns, structure, sites)
    posterior = {name: (("chain", "draw", *dims), value) for name, (dims, value) in variables.items()}
    renamed = {"num_steps": "n_steps", "accept_prob": "acceptance_rate"}
    sample_stats = {renamed.get(name, name): (("chain", "draw"), value) for name, value in stats.items()}
    observed = {name: (("row",), columns.value[:, column]) for column, name in enumerate(columns.names)}
    edge = np.zeros((len(columns.names), len(columns.names)), np.int8)
    for effect, causes in enumerate(structure.causes):
        edge[list(causes), effect] = 1
    nodes = {"cause": list(columns.names), "effect": list(columns.names)}
    groups = {
        "posterior": xr.Dataset(posterior, coords=axes | coords),
        "log_likelihood": by_column(likelihood),
        "sample_stats": xr.Dataset(sample_stats, coords=axes),
        "posterior_predictive": by_column(replicated),
        "observed_data": xr.Dataset(observed),
        "constant_data": xr.Dataset({"edge": (("cause", "effect"), edge)}, coords=nodes),
    }
    return xr.DataTree.from_dict(groups)
