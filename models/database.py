"""The joint program: a relational database is one draw from it."""

from typing import NamedTuple

from jaxtyping import Array
from numpyro.handlers import scope

from plurel_prob.blocks import BLOCK, HeldBlocks, all_blocks
from plurel_prob.distributions.mechanisms.structure import Intervention
from plurel_prob.keys import named_keys
from plurel_prob.models.features import CausalGraphs, Features, causal_graphs, features
from plurel_prob.models.links import Links, links
from plurel_prob.models.schema import Schema, schema
from plurel_prob.priors.prior import Prior


class Bucket(NamedTuple):
    """Static sizes that a program is compiled for. They bound a database; they do not change a draw.

    A larger database is an error, or, in a compiled program, one whose values are all NaN.
    """

    n_block: int  # blocks (chunks of 1,024 rows) that are held of a table at most
    n_page: int  # pages of values of all blocks that are held


class Structure(NamedTuple):
    """All of a database whose size does not depend on its rows."""

    schema: Schema
    graphs: CausalGraphs


class Values(NamedTuple):
    """All of a database that has the size of its rows."""

    links: Links
    features: Features


class DatabaseDraw(NamedTuple):
    """What the joint program returns: the stages."""

    schema: Schema
    links: Links
    graphs: CausalGraphs
    features: Features
    held: HeldBlocks


class Draw(NamedTuple):
    """One draw from the joint program: what it returns, and the value of every sample site."""

    stages: DatabaseDraw
    sites: dict[str, Array]


def stage(name: str) -> scope:
    """Prefix the names of a stage's sites."""
    return scope(prefix=name, hide_types=["plate"])


def structure(prior: Prior, observed: Schema | None = None) -> Structure:
    """Draw schema and causal graphs: a model of its own, with the sites that :func:`database` has for them.

    Args:
        prior: what is random, and how.
        observed: stage 1, if it is known rather than drawn; padded to the prior's bounds.
    """
    with named_keys():
        return _structure(prior, observed)


def values(
    prior: Prior,
    structure: Structure,
    bucket: Bucket,
    held: HeldBlocks | None = None,
    intervention: Intervention | None = None,
) -> Values:
    """Draw links and features given a structure: a model of its own, with the sites that :func:`database` has for them.

    Arguments are those of :func:`database`; a key draws here what it draws there.
    """
    with named_keys():
        return _values(prior, structure, bucket, held or all_blocks(structure.schema.n_row), intervention)


def database(
    prior: Prior,
    bucket: Bucket,
    intervention: Intervention | None = None,
    held: HeldBlocks | None = None,
    observed: Schema | None = None,
) -> DatabaseDraw:
    """Draw a database: schema, links, features. :func:`structure` and :func:`values` in one.

    A NumPyro model: ``seed``, ``trace``, ``substitute``, ``condition``, ``do``, ``log_density`` and ``Predictive`` work on
    it. Sites are named ``schema/...``, ``links/...``, ``features/...`` and keyed by name.

    Args:
        prior: what is random, and how.
        bucket: sizes to compile for, at least those of the database (:func:`plurel_prob.sampling.bucket_of` finds them).
        intervention: values of nodes that are set by hand; what they cause follows.
        held: the blocks of rows that are drawn, by default all. A block is the same without others that it does not need.
        observed: stage 1, if it is known rather than drawn; padded to the prior's bounds.

    Example:
        >>> import jax, numpyro
        >>> from plurel_prob import Bucket, database, get_prior
        >>> model = numpyro.handlers.seed(database, jax.random.key(0))
        >>> draw = model(get_prior("plurel"), Bucket(n_block=8, n_page=4096))  # doctest: +SKIP
    """
    with named_keys():
        tables, graphs = _structure(prior, observed)
        held = held or all_blocks(tables.n_row)
        joined, drawn = _values(prior, Structure(tables, graphs), bucket, held, intervention)
    return DatabaseDraw(tables, joined, graphs, drawn, held)


def _structure(prior: Prior, observed: Schema | None) -> Structure:
    with stage("schema"):
        tables = schema(prior.schema) if observed is None else observed
    with stage("features"):
        return Structure(tables, causal_graphs(prior.features, prior.schema, tables))


def _values(prior: Prior, known: Structure, bucket: Bucket, held: HeldBlocks, intervention: Intervention | None) -> Values:
    tables, graphs = known
    with stage("links"):
        joined = links(prior.links, tables, bucket.n_block * BLOCK, held)
    with stage("features"):
        drawn = features(prior.features, prior.schema, tables, joined, graphs, held, bucket.n_page, intervention)
    return Values(joined, drawn)
