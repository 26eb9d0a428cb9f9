r"""Posterior of the real parameters of a whole database's mechanisms, given its tables, graphs and values.

The joint program (:func:`plurel_prob.models.database.database`) is run with all that is discrete at its value in the database:
schema, links, causal graphs, choices of effects and aggregations, keys of weights. Free are the real numbers that compact
mechanisms draw,

.. math:: p(\theta \mid x) \propto p(\theta) \, p(x \mid \theta), \quad
    \theta = (\text{noise levels and factors, edge weights, sharpness, strength of parent tables}),

where x are the values of all nodes. Of arrays that the program pads, only the entries in use are parameters. Edge weights are
those of standard normal numbers under the distribution function of their law, so that no parameter has an edge to fall off.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import lax, random
from jax.scipy.special import ndtr, ndtri
from jaxtyping import Array, Float
from numpyro import handlers

from plurel_prob.blocks import BLOCK
from plurel_prob.databases.database import Database
from plurel_prob.databases.schema import table_name
from plurel_prob.distributions.mechanisms.compact_seen import Seen
from plurel_prob.distributions.weights import EDGE_WEIGHTS
from plurel_prob.errors import DatabaseError
from plurel_prob.models.database import Bucket, database
from plurel_prob.priors import Prior
from plurel_prob.priors.features import CompactPrior
from plurel_prob.replay.sites import VALUE, check_complete, sites_of, variables_of

TABLE, NODE, EDGE = "table", "node", "edge"
PARAMETERS = {"noise_level": TABLE, "sharpness": TABLE, "foreign_strength": TABLE, "noise_factor": NODE, "edge_weight": EDGE}
POINT = 1e-6  # from 0 and 1: edge weights are quantiles of no points beyond
MIN_PAGE, MIN_SIZE = 32, {TABLE: 4, NODE: 8, EDGE: 16}  # smaller databases share a program
Places = dict[str, tuple[Any, ...]]  # by kind: indices of tables, of their nodes, or causes and effects
Arguments = tuple[dict[str, Array], Places, Seen]


@dataclass(frozen=True)
class GivenDatabase:
    """A model of the parameters of a database given the rest, and what it is called with.

    Attributes:
        model: a NumPyro model. Its latent sites are vectors, one entry for each table, node or edge in use, then padding, whose
            posterior is the prior: ``noise_level``, ``sharpness``, ``foreign_strength``, ``noise_factor`` and
            ``edge_weight_normal``; ``edge_weight`` is deterministic.
        arguments: what the model is called with: all sites of the database; where the entries of parameters lie in their arrays
            (padding lies outside); what nodes see of others, which no parameter changes.
        labels: names of tables, nodes and edges in use.

    Example:
        >>> from numpyro.infer import SVI, Trace_ELBO
        >>> from numpyro.infer.autoguide import AutoNormal
        >>> given = given_database(plurel_prob.sample(seed=0, prior="compact"))  # doctest: +SKIP
        >>> svi = SVI(given.model, AutoNormal(given.model), numpyro.optim.Adam(0.01), Trace_ELBO())  # doctest: +SKIP
        >>> found = svi.run(jax.random.key(0), 2000, *given.arguments)  # doctest: +SKIP
    """

    model: Callable[[dict[str, Array], Places, Seen], None]
    arguments: Arguments
    labels: dict[str, list[str]]

    def own(self, name: str) -> Float[np.ndarray, " entry"]:
        """A parameter's entries in the database itself, without padding."""
        sites, places, _ = self.arguments
        n = len(self.labels[PARAMETERS[name]])
        return np.asarray(sites[f"features/{name}"])[tuple(index[:n] for index in places[PARAMETERS[name]])]


def given_database(of: Database) -> GivenDatabase:
    """Return the joint model of a drawn database, conditioned on all but the parameters of its mechanisms.

    Raises:
        DatabaseError: its mechanisms are not compact, its latents were not all kept, or values were given by hand.
    """
    if not isinstance(of.prior.features, CompactPrior):
        raise DatabaseError(f"{of.name}: needs compact mechanisms; those of others have no density")
    if of.by_hand:
        raise DatabaseError(f"{of.name}: values were given by hand ({', '.join(of.by_hand)}); infer from a plain draw")
    latents = of.read_latents()
    check_complete(latents)
    tables = variables_of(latents)[1]
    n_block = [-(-table["value"].shape[1] // BLOCK) for table in tables]
    n_page = sum(n * len(table["value"]) for n, table in zip(n_block, tables, strict=True))
    bucket = Bucket(padded(max(n_block)), padded(max(n_page, MIN_PAGE)))
    places = places_of(tables)
    labels = {axis: [label_of(*at) for at in np.transpose(place).tolist()] for axis, place in places.items()}
    sites = jax.tree.map(jnp.asarray, sites_of(latents, of.prior, bucket))
    padded_places = {axis: tuple(with_padding(index, MIN_SIZE[axis]) for index in place) for axis, place in places.items()}
    arguments = sites, padded_places, seen_at_values(of.prior, bucket, sites)
    return GivenDatabase(_model(of.prior, bucket), arguments, labels)


@cache
def _model(prior: Prior, bucket: Bucket) -> Callable[[dict[str, Array], Places, Seen], None]:
    """One object for each prior and bucket, so that what is compiled for one database serves others."""
    return partial(given_structure, prior, bucket)


def given_structure(prior: Prior, bucket: Bucket, sites: Mapping[str, Array], places: Places, seen: Seen) -> None:
    """The model of :class:`GivenDatabase`: draw parameters, put them into the program, observe the values of all nodes."""
    moved = dict(sites)
    for name, axis in PARAMETERS.items():
        size = places[axis][0].shape
        if name == "edge_weight":
            normal = numpyro.sample("edge_weight_normal", dist.Normal(0.0, 1.0).expand(size).to_event(1))
            drawn = numpyro.deterministic(name, weight_of(normal, families(sites, places)))
        else:
            drawn = numpyro.sample(name, getattr(prior.features, name).expand(size).to_event(1))
        moved[f"features/{name}"] = sites[f"features/{name}"].at[tuple(places[axis])].set(drawn, mode="drop")
    law = law_of_values(prior, bucket, moved)
    law.seen = seen
    numpyro.sample(VALUE, law, obs=sites[VALUE])


def families(sites: Mapping[str, Array], places: Places) -> Array:
    """The law of every edge's weight, as an index into ``EDGE_WEIGHTS``."""
    return sites["features/edge_weight_family"].at[places[EDGE][0]].get(mode="clip")


def weight_of(normal: Float[Array, " edge"], family: Array) -> Float[Array, " edge"]:
    """Edge weights from standard normal numbers."""
    point = jnp.clip(ndtr(normal), POINT, 1 - POINT)
    return lax.select_n(family, *(law.icdf(point) for law in EDGE_WEIGHTS.values()))


def normal_of(weight: Float[Array, " edge"], family: Array) -> Float[Array, " edge"]:
    """Standard normal numbers that give edge weights."""
    point = lax.select_n(family, *(law.cdf(jnp.where(law.support(weight), weight, 1.0)) for law in EDGE_WEIGHTS.values()))
    return ndtri(jnp.clip(point, POINT, 1 - POINT))


@partial(jax.jit, static_argnums=(0, 1))
def law_of_values(prior: Prior, bucket: Bucket, sites: Mapping[str, Array]) -> dist.Distribution:
    """Law of the values of all nodes in the joint program, with all other sites given."""
    model = handlers.substitute(lambda: database(prior, bucket), data=sites)
    with handlers.block():  # what runs the model of parameters is not to see these sites
        return handlers.trace(handlers.seed(model, random.key(0))).get_trace()[VALUE]["fn"]


@partial(jax.jit, static_argnums=(0, 1))
def seen_at_values(prior: Prior, bucket: Bucket, sites: Mapping[str, Array]) -> Seen:
    """What nodes see of others."""
    return law_of_values(prior, bucket, sites).seen_at(sites[VALUE])


def padded(n: int) -> int:
    """Power of two that holds ``n``: databases of similar sizes share a program."""
    return 1 << max(n - 1, 0).bit_length()


def with_padding(index: np.ndarray, at_least: int) -> np.ndarray:
    """Indices, then as many that lie outside every array as fill a power of two."""
    n_more = padded(max(len(index), at_least)) - len(index)
    return np.concatenate([index, np.full(n_more, np.iinfo(np.int32).max)]).astype(np.int32)


def places_of(tables: list[dict[str, Any]]) -> Places:
    """Where parameters lie: tables; numerical nodes with causes; edges."""
    edge = [np.asarray(table["edge"]) != 0 for table in tables]
    nodes = [np.argwhere(e.any(0) & (np.asarray(table["is_categorical"]) == 0)) for e, table in zip(edge, tables, strict=True)]

    def together(found: list[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Indices of tables, and those within tables."""
        return np.repeat(np.arange(len(found)), [len(index) for index in found]), *np.concatenate(found).T

    return {TABLE: (np.arange(len(tables)),), NODE: together(nodes), EDGE: together([np.argwhere(e) for e in edge])}


def label_of(table: int, *nodes: int) -> str:
    """Name of a table, node or edge."""
    return " ".join([table_name(table), " -> ".join(f"node_{node}" for node in nodes)]).strip()
