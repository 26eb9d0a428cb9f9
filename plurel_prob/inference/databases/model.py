r"""Posterior of the real parameters of a whole database's mechanisms, given its tables, graphs and values.

The joint program (:func:`plurel_prob.models.database.database`) is run with all that is discrete at its value in the database:
schema, links, causal graphs, choices of effects and aggregations, keys of weights. Free are the real numbers that compact
mechanisms draw,

.. math:: p(\theta \mid x) \propto p(\theta) \, p(x \mid \theta), \quad
    \theta = (\text{noise levels and factors, edge weights, sharpness, strength of parent tables}),

where x are the values of all nodes. Of arrays that the program pads, only the entries in use are parameters. What is sampled are
coordinates of them, standard normal numbers before priors and values are heard (:mod:`.coordinates`, :mod:`.edges`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import random
from jaxtyping import Array, Float, Int
from numpyro import handlers

from plurel_prob.blocks import BLOCK
from plurel_prob.databases.database import Database
from plurel_prob.databases.schema import table_name
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS
from plurel_prob.distributions.mechanisms.compact import CompactMechanisms
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.databases.coordinates import (
    noise,
    number,
    place_of_noise,
    place_of_number,
    place_of_positive,
    positive,
)
from plurel_prob.inference.databases.edges import Edges, edge_weights, place_of_edge_weights
from plurel_prob.models.database import Bucket, database
from plurel_prob.priors import Prior
from plurel_prob.priors.features import CompactPrior
from plurel_prob.replay.sites import VALUE, check_complete, sites_of, variables_of

TABLE, NODE, EDGE = "table", "node", "edge"
PARAMETERS = {"noise_level": TABLE, "sharpness": TABLE, "foreign_strength": TABLE, "noise_factor": NODE, "edge_weight": EDGE}
COORDINATES = {f"{name}_z": axis for name, axis in PARAMETERS.items()}  # sites of the model
MIN_CAUSE = 4
OUTSIDE = np.iinfo(np.int32).max  # of every array
MIN_PAGE, MIN_SIZE = 32, {TABLE: 4, NODE: 8, EDGE: 16}  # smaller databases share a program
Indices = tuple[Int[Array, " entry"], ...]


class KnownParameters(NamedTuple):
    """What is known of the parameters; arrays end with padding.

    Attributes:
        places: where entries lie in the program's arrays, by kind: tables, nodes of tables, causes and effects of tables.
            Padding lies outside.
        own: parameters of the database itself; 1 as padding.
        edges: laws and sums of edge weights.
    """

    places: dict[str, Indices]
    own: dict[str, Float[Array, " entry"]]
    edges: Edges


Arguments = tuple[CompactMechanisms, Array, KnownParameters]


@dataclass(frozen=True)
class GivenDatabase:
    """A model of the parameters of a database given the rest, and what it is called with.

    Attributes:
        model: a NumPyro model. Its latent sites are vectors of coordinates, one entry for each table, node or edge in use, then
            padding, whose posterior is the prior: ``noise_level_z``, ``sharpness_z``, ``foreign_strength_z``,
            ``noise_factor_z``, ``edge_weight_z``. The parameters are deterministic sites, without ``_z``. The only weight of a
            sum has the database's own sign; all else may take any value that the prior allows.
        arguments: what the model is called with: the law of values at the database's own parameters; the values; what is known
            of parameters.
        labels: names of tables, nodes and edges in use.

    Example:
        >>> from numpyro.infer import SVI, Trace_ELBO
        >>> from numpyro.infer.autoguide import AutoNormal
        >>> given = given_database(plurel_prob.sample(seed=0, prior="compact"))  # doctest: +SKIP
        >>> svi = SVI(given.model, AutoNormal(given.model), numpyro.optim.Adam(0.01), Trace_ELBO())  # doctest: +SKIP
        >>> found = svi.run(jax.random.key(0), 2000, *given.arguments)  # doctest: +SKIP
    """

    model: Callable[[CompactMechanisms, Array, KnownParameters], None]
    arguments: Arguments
    labels: dict[str, list[str]]

    def own(self, name: str) -> Float[np.ndarray, " entry"]:
        """A parameter's entries in the database itself, without padding."""
        return np.asarray(self.arguments[2].own[name])[: len(self.labels[PARAMETERS[name]])]


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
    sites = sites_of(latents, of.prior, bucket)
    on_device = jax.tree.map(jnp.asarray, sites)
    law = law_of_values(of.prior, bucket, on_device)
    known = known_of(sites, np.asarray(law.laws.aggregation), places)
    return GivenDatabase(_model(of.prior.features), (law, on_device[VALUE], known), labels)


@cache
def _model(prior: CompactPrior) -> Callable[[CompactMechanisms, Array, KnownParameters], None]:
    """One object for each prior, so that what is compiled for one database serves others."""
    return partial(given_structure, prior)


def given_structure(prior: CompactPrior, law: CompactMechanisms, value: Float[Array, "page row"], known: KnownParameters) -> None:
    """The model of :class:`GivenDatabase`: draw coordinates, put parameters into the law, observe the values of all nodes."""
    z = {
        name: numpyro.sample(name, dist.Normal(0.0, 1.0).expand(known.places[axis][0].shape).to_event(1))
        for name, axis in COORDINATES.items()
    }
    found, change = parameters_of(prior, known, z)
    for name, drawn in found.items():
        numpyro.deterministic(name, drawn)
    numpyro.factor("prior", change)
    numpyro.sample(VALUE, with_parameters(law, known.places, found), obs=value)


def parameters_of(
    prior: CompactPrior, known: KnownParameters, z: Mapping[str, Array]
) -> tuple[dict[str, Array], Float[Array, ""]]:
    """Parameters from their coordinates, and the log of the prior's density over that of standard normal coordinates."""
    table = known.places[NODE][0]
    laws = prior.noise_level, prior.noise_factor
    level, factor, of_noise = noise(*laws, table, z["noise_level_z"], z["noise_factor_z"])
    sharpness, of_sharpness = positive(prior.sharpness, z["sharpness_z"])
    strength, of_strength = number(prior.foreign_strength, z["foreign_strength_z"])
    weight, of_weights = edge_weights(known.edges, z["edge_weight_z"])
    found = {"noise_level": level, "sharpness": sharpness, "foreign_strength": strength}
    found |= {"noise_factor": factor, "edge_weight": weight}
    return found, of_noise + of_sharpness.sum() + of_strength.sum() + of_weights


def own_coordinates(prior: CompactPrior, known: KnownParameters) -> dict[str, Array]:
    """Coordinates of the database's own parameters; 0 as padding."""
    own, table = known.own, known.places[NODE][0]
    level, factor = place_of_noise(prior.noise_level, prior.noise_factor, table, own["noise_level"], own["noise_factor"])
    found = {
        "noise_level_z": level,
        "sharpness_z": place_of_positive(prior.sharpness, own["sharpness"]),
        "foreign_strength_z": place_of_number(prior.foreign_strength, own["foreign_strength"]),
        "noise_factor_z": factor,
        "edge_weight_z": place_of_edge_weights(known.edges),
    }
    is_padding = {axis: places[0] == OUTSIDE for axis, places in known.places.items()}
    return {name: jnp.where(is_padding[axis], 0.0, found[name]) for name, axis in COORDINATES.items()}


def with_parameters(law: CompactMechanisms, places: Mapping[str, Indices], found: Mapping[str, Array]) -> CompactMechanisms:
    """The law of values with other parameters."""

    def put(array: Array, axis: str, entries: Array) -> Array:
        return array.at[places[axis]].set(entries, mode="drop")

    noise_scale = found["noise_factor"] * found["noise_level"].at[places[NODE][0]].get(mode="clip")
    laws = law.laws._replace(
        noise_scale=put(law.laws.noise_scale, NODE, noise_scale),
        sharpness=put(law.laws.sharpness, TABLE, found["sharpness"]),
        foreign_strength=put(law.laws.foreign_strength, TABLE, found["foreign_strength"]),
    )
    tables = law.tables._replace(edge_weight=put(law.tables.edge_weight, EDGE, found["edge_weight"]))
    return CompactMechanisms(tables, laws, law.max_page, law.max_category, law.max_cause, law.intervention, law.seen)


@partial(jax.jit, static_argnums=(0, 1))
def law_of_values(prior: Prior, bucket: Bucket, sites: Mapping[str, Array]) -> CompactMechanisms:
    """Law of the values of all nodes in the joint program, with all other sites given, and with what nodes see of others."""
    model = handlers.substitute(lambda: database(prior, bucket), data=sites)
    law = handlers.trace(handlers.seed(model, random.key(0))).get_trace()[VALUE]["fn"]
    law.seen = law.seen_at(sites[VALUE])
    return law


def padded(n: int) -> int:
    """Power of two that holds ``n``: databases of similar sizes share a program."""
    return 1 << max(n - 1, 0).bit_length()


def with_padding(index: np.ndarray, at_least: int) -> np.ndarray:
    """Indices, then as many that lie outside every array as fill a power of two."""
    n_more = padded(max(len(index), at_least)) - len(index)
    return np.concatenate([index, np.full(n_more, OUTSIDE)]).astype(np.int32)


def places_of(tables: list[dict[str, Any]]) -> dict[str, tuple[np.ndarray, ...]]:
    """Where parameters lie: tables; numerical nodes with causes; edges."""
    edge = [np.asarray(table["edge"]) != 0 for table in tables]
    nodes = [np.argwhere(e.any(0) & (np.asarray(table["is_categorical"]) == 0)) for e, table in zip(edge, tables, strict=True)]

    def together(found: list[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Indices of tables, and those within tables."""
        return np.repeat(np.arange(len(found)), [len(index) for index in found]), *np.concatenate(found).T

    return {TABLE: (np.arange(len(tables)),), NODE: together(nodes), EDGE: together([np.argwhere(e) for e in edge])}


def known_of(
    sites: Mapping[str, np.ndarray], aggregation: Int[np.ndarray, "table node"], places: Mapping[str, tuple[np.ndarray, ...]]
) -> KnownParameters:
    """What is known of parameters, padded. Sites of choices point into palettes, so aggregations are asked for besides."""
    wide = {axis: tuple(with_padding(index, MIN_SIZE[axis]) for index in place) for axis, place in places.items()}
    own = {}
    for name, axis in PARAMETERS.items():
        entries = sites[f"features/{name}"][places[axis]]
        own[name] = np.pad(entries, (0, len(wide[axis][0]) - len(entries)), constant_values=1.0)
    table, _, effect = places[EDGE]
    family = np.pad(sites["features/edge_weight_family"][table], (0, len(wide[EDGE][0]) - len(table)))
    of_sum = groups_of(np.stack([table, effect]), aggregation[table, effect] == list(AGGREGATIONS).index("sum"))
    return KnownParameters(
        {axis: tuple(map(jnp.asarray, index)) for axis, index in wide.items()},
        {name: jnp.asarray(entries) for name, entries in own.items()},
        Edges(jnp.asarray(family), jnp.asarray(own["edge_weight"]), jnp.asarray(of_sum)),
    )


def groups_of(node: np.ndarray, is_in: np.ndarray) -> np.ndarray:
    """Indices of the edges of each node that ``is_in`` holds for: a row for each node, then padding."""
    _, group = np.unique(node, axis=1, return_inverse=True)
    found = [np.flatnonzero((group == one) & is_in) for one in range(group.max(initial=-1) + 1)]
    found = [index for index in found if len(index)]
    n_row, n_column = padded(max(len(found), MIN_SIZE[NODE])), max([MIN_CAUSE, *map(len, found)])
    result = np.full((n_row, n_column), OUTSIDE, np.int32)
    for row, index in zip(result, found, strict=False):
        row[: len(index)] = index
    return result


def label_of(table: int, *nodes: int) -> str:
    """Name of a table, node or edge."""
    return " ".join([table_name(table), " -> ".join(f"node_{node}" for node in nodes)]).strip()
