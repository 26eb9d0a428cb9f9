r"""Compact mechanisms: cheap, with explicit noise, so that values have an exact density.

A numerical node has :math:`d \le 4` dimensions, of which a column shows the first; a categorical node has a category. Given its
causes, an inner node has the location

.. math:: m = \text{reduce}_e \bigl(w_e f_e(u_e)\bigr) + B \sum_k f_k(z_k),

where :math:`u_e` is the cause's value (squashed to (-3, 3)) or the embedding of its category, :math:`f_e` one of the effects of
:mod:`.effects`, a sum is divided by :math:`(\sum w_e^2)^{1/2}`, and :math:`z_k` is a random linear summary of the columns of the
parent table that foreign key k points at, at the linked row. Then

.. math:: x \sim N(m, \sigma^2 I_d) \text{ (numerical)}, \qquad x \sim \text{Categorical}(\text{softmax}(\beta C m)).

A node without causes is, in each dimension, a mixture of two normal laws with unit variance, or categorical with Dirichlet(1)
probabilities. With a drift, a number moves from row to row besides (:func:`.compact_laws.drift_of`), and one without causes has
the location that parent tables give it, too. Weights are functions of the table's mechanism key.
"""

import math
from typing import Any

import jax.numpy as jnp
import numpyro.distributions as dist
from jax import lax, random
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import constraints
from numpyro.distributions.util import validate_sample

from plurel_prob.blocks import BLOCK
from plurel_prob.distributions.mechanisms.compact_density import table_log_densities
from plurel_prob.distributions.mechanisms.compact_laws import CompactLaws
from plurel_prob.distributions.mechanisms.compact_sampling import CompactSampler
from plurel_prob.distributions.mechanisms.compact_seen import Seen, seen_at
from plurel_prob.distributions.mechanisms.structure import CausalTables, Intervention


class CompactMechanisms(dist.Distribution):
    r"""Values of every node of every table: each given its causes and the parent tables' columns at the linked rows.

    .. math:: p(x) = \prod_\text{table} \prod_\text{row} \prod_\text{node}
        p(x_{\text{node}} \mid x_\text{causes in the row}, x_\text{columns of the parent rows})

    The event has shape ``(max_page, 1024)``, float32: a page is one dimension of one node in one block of one table
    (:class:`Pages`), zero beyond the last row. A page is a function of pages before it and of a key folded by table, node,
    block and dimension: any block is the same in every layout.

    Args:
        tables: the structure.
        laws: the choices of every node.
        max_page: static number of pages.
        max_category: static bound on the categories of a node.
        max_cause: static bound on the causes of a node, for the density; by default there is none but the nodes.
        intervention: values that are set by hand; they add nothing to the density.
        seen: :meth:`seen_at` the values whose density is asked for, if known: most of the work.
    """

    pytree_data_fields = ("tables", "laws", "intervention", "seen")
    pytree_aux_fields = ("max_page", "max_category", "max_cause")

    def __init__(
        self,
        tables: CausalTables,
        laws: CompactLaws,
        max_page: int,
        max_category: int,
        max_cause: int | None = None,
        intervention: Intervention | None = None,
        seen: Seen | None = None,
        *,
        validate_args: bool | None = None,
    ):
        self.tables, self.laws, self.intervention = tables, laws, intervention
        self.max_page, self.max_category = max_page, max_category
        self.max_cause, self.seen = tables.edge.shape[-1] if max_cause is None else min(max_cause, tables.edge.shape[-1]), seen
        super().__init__(event_shape=(max_page, BLOCK), validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """Real pages."""
        return constraints.independent(constraints.real, 2)

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Float[Array, "*sample page row"]:
        """Draw values, page after page."""
        sampler = CompactSampler(self.tables, self.laws, self.max_page, self.max_category, self.intervention)
        if not sample_shape:
            return sampler.sample(key)
        drawn = lax.map(lambda i: sampler.sample(random.fold_in(key, i)), jnp.arange(math.prod(sample_shape)))
        return drawn.reshape(sample_shape + self.event_shape)

    @validate_sample
    def log_prob(self, value: Any, intermediates: Any = None) -> Float[Array, ""]:
        """Return the log density of values of the event's shape; differentiable in reverse mode."""
        return self.table_log_prob(jnp.asarray(value)).sum()

    def table_log_prob(self, value: Float[Array, "page row"]) -> Float[Array, " table"]:
        """Return the log density of the values of each table, given those of its parents."""
        sizes = self.max_category, self.max_cause
        return table_log_densities(self.tables, self.laws, self.intervention, value, *sizes, self.seen)

    def seen_at(self, value: Float[Array, "page row"]) -> Seen:
        """What nodes see of others at these values: the same for all edge weights, noise, sharpness and strengths."""
        return seen_at(self.tables, self.laws, value, self.max_category, self.max_cause)
