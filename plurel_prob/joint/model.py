"""The joint model with its sizes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import jax
import jax.numpy as jnp
import pandas as pd
from jax import random
from numpyro import handlers

from plurel_prob.blocks import BLOCK
from plurel_prob.databases.database import Database
from plurel_prob.errors import DatabaseError
from plurel_prob.joint.cells import Cell, CellPlaces, cell_at, cells_of
from plurel_prob.joint.sites import site_table
from plurel_prob.models.database import Bucket, DatabaseDraw, Structure, database
from plurel_prob.priors import Prior, get_prior
from plurel_prob.priors.fields import upper_bound
from plurel_prob.priors.toml import nearest
from plurel_prob.programs.given import all_given
from plurel_prob.programs.layout import structure_form, structure_layout
from plurel_prob.programs.structure import draw_structure
from plurel_prob.replay.sites import Sites, bucket_of_latents, check_complete, sites_of


@dataclass(frozen=True)
class JointModel:
    """The joint model of a prior, compiled for static sizes: a function without arguments for NumPyro's handlers.

    Attributes:
        prior: what is random, and how.
        bucket: sizes that hold every database of the prior, or the one that the model was made for.
        values: every sample site of that database, padded, for ``substitute``, ``condition`` or ``log_density``; empty for
            the model of a prior.
    """

    prior: Prior
    bucket: Bucket
    values: Sites

    def __call__(self) -> DatabaseDraw:
        """Draw a database, see :func:`plurel_prob.models.database.database`."""
        return database(self.prior, self.bucket)

    def condition(self, values: Sites) -> Callable[[], DatabaseDraw]:
        """Return the model with some sites fixed, as ``numpyro.handlers.condition``, but refuse unknown ones and wrong shapes.

        Raises:
            ValueError: there is no such site, or its shape is another; the message names the nearest, or the shape.
        """
        drawn = self.sites[self.sites["has_density"]].index
        for name, value in values.items():
            if name not in drawn:
                what = "follows from others, and cannot be fixed" if name in self.sites.index else "is no site"
                raise ValueError(f"{name!r} {what}{nearest(name, [*drawn])}")
            if jnp.shape(value) != self.sites.loc[name, "shape"]:
                raise ValueError(f"{name} has shape {self.sites.loc[name, 'shape']}, not {jnp.shape(value)}")
        return handlers.condition(self, values)

    @cached_property
    def sites(self) -> pd.DataFrame:
        """Every site, in the order of the program, by its name.

        Columns are ``shape``; ``axes``: their names; ``law``: the distribution, empty where a site is a function of others;
        ``has_density``: whether it adds to the log density.
        """
        return site_table(self.prior, self.bucket)

    def cells(self, table: str, column: str, values: Sites | None = None) -> CellPlaces:
        """Say where the cells of a column lie in a site: ``values[site][index]`` has a number a row.

        A feature shows the first dimension of a node, transformed and with missing cells: the site has the node's number, or its
        category. A foreign key's site has rows of the parent.

        Args:
            table: name of a table.
            column: ``feature_0``, ..., ``foreign_row_0``, ..., or ``node_0``, ... for nodes that no column shows.
            values: sites of the database; by default of the one that the model was made for.

        Raises:
            DatabaseError: there is no such table or column.
            ValueError: the model is that of a prior, and no sites are given.
        """
        return cells_of(self._structure(values), table, column)

    def cell_at(self, site: str, index: tuple[int, ...], values: Sites | None = None) -> Cell:
        """Say which cell lies at a place of a site: the inverse of :meth:`cells`.

        Raises:
            DatabaseError: there is no cell.
            ValueError: the site has no cells; or the model is that of a prior, and no sites are given.
        """
        return cell_at(self._structure(values), site, index)

    def _structure(self, values: Sites | None) -> Structure:
        values = self.values if values is None else values
        if not values:
            raise ValueError("the model of a prior has no tables of its own: give the values of the sites of a database")
        given = all_given(structure_layout(self.prior), values)
        return jax.tree.map(jnp.asarray, draw_structure(self.prior, random.key(0), given).structure)


def joint_model(of: Database | Prior | str | Path) -> JointModel:
    """Return the joint model, at the sizes of a database or of all databases of a prior.

    The sizes of a prior bound all that it can draw, so that the arrays of node values can be large: those of the default priors
    take some hundred megabytes a draw. A prior of small tables, or a database, makes a small model.

    Args:
        of: a drawn database, or a prior: a :class:`Prior`, the name of one, or the path of a TOML file.

    Raises:
        DatabaseError: the database was not drawn, or only a part of its latents was kept.
        ValueError: the prior is unknown or wrong.

    Example:
        >>> import jax, plurel_prob
        >>> from numpyro import handlers
        >>> model = plurel_prob.joint_model(plurel_prob.sample(0, "compact"))  # doctest: +SKIP
        >>> values = jax.jit(lambda key: handlers.trace(handlers.seed(model, key)).get_trace()["features/value"]["value"])
    """
    if isinstance(of, Database):
        if of.by_hand:
            raise DatabaseError(f"{of.name}: values were given by hand ({', '.join(of.by_hand)}); make a model of a plain draw")
        latents = of.read_latents()
        check_complete(latents)
        bucket = bucket_of_latents(latents)
        return JointModel(of.prior, bucket, sites_of(latents, of.prior, bucket))
    prior = get_prior(of)
    return JointModel(prior, bounds(prior), {})


def bounds(prior: Prior) -> Bucket:
    """Sizes that hold every database of a prior."""
    max_table, max_node = structure_form(prior).graphs.is_categorical.shape
    n_block = -(-prior.schema.max_row // BLOCK)
    return Bucket(n_block, n_block * max_table * max_node * upper_bound(prior.features.n_dim))
