"""Families in which every edge is an independent coin, and components are joined."""

import jax.numpy as jnp
from jax import random
from jax.nn import log_sigmoid
from jaxtyping import Array, ArrayLike, Float, Int8, PRNGKeyArray
from numpyro.distributions import constraints

from plurel_prob.distributions.graphs.joins import draw_joins, log_prob_joins
from plurel_prob.distributions.graphs.law import EDGE, JOINED, GraphLaw


class IndependentEdges(GraphLaw):
    r"""Edges as independent coins; then components are joined by edges of their own mark (:func:`draw_joins`).

    With ``max_parent``, a node's coins stop at the last parent that it may have. With :math:`\pi` the success probabilities,

    .. math:: p(x) = p_\text{joins} \prod_{(i, j) \text{ tossed}} \pi_{ij}^{x_{ij}} (1-\pi_{ij})^{1-x_{ij}}.
    """

    def edge_logits(self) -> Float[Array, "cause effect"]:
        """Log odds of an edge from each node to each later one."""
        raise NotImplementedError

    def draw(self, key: PRNGKeyArray) -> Int8[Array, "cause effect"]:
        """Toss the coins, then join."""
        coin_key, join_key = random.split(key)
        uniform = random.uniform(coin_key, (self.max_node, self.max_node))
        success = (uniform < jnp.exp(log_sigmoid(self.edge_logits()))) & self.is_pair
        within_limit = jnp.cumsum(success, axis=0) <= self.max_parent
        return draw_joins(join_key, (success & within_limit).astype(jnp.int8), self.n_node, self.max_parent)

    def density(self, value: Int8[Array, "cause effect"]) -> Float[Array, ""]:
        """Sum of the log probabilities of the coins and the joins."""
        logits, success = self.edge_logits(), value == EDGE
        is_tossed = self.is_pair & (jnp.cumsum(success, axis=0) - success < self.max_parent)
        coins = jnp.where(is_tossed, jnp.where(success, log_sigmoid(logits), log_sigmoid(-logits)), 0.0).sum()
        possible = jnp.isin(value, jnp.array([0, EDGE, JOINED], jnp.int8)).all() & (is_tossed | ~success).all()
        return jnp.where(possible, coins + log_prob_joins(value, self.n_node, self.max_parent), -jnp.inf)


class ErdosRenyi(IndependentEdges):
    """Every pair of nodes has an edge with probability ``1 - (1 - p)^2``; components are joined.

    Args:
        n_node, max_node, max_parent: see :class:`GraphLaw`.
        prob: ``p``, in (0, 1).
    """

    arg_constraints = {"n_node": constraints.positive_integer, "prob": constraints.unit_interval}

    def __init__(
        self,
        n_node: ArrayLike,
        prob: ArrayLike,
        max_node: int,
        max_parent: int | None = None,
        *,
        validate_args: bool | None = None,
    ):
        super().__init__(n_node, max_node, max_parent, prob=prob, validate_args=validate_args)

    def edge_logits(self) -> Float[Array, "cause effect"]:
        """The same log odds for every pair."""
        # log odds from the logarithm of failure: 1 - (1 - p)^2 itself would lose the digits of a small p
        log_failure = 2 * jnp.log1p(-self.prob)
        logit = jnp.log(-jnp.expm1(log_failure)) - log_failure
        return jnp.full((self.max_node, self.max_node), logit)


class RandomCauchy(IndependentEdges):
    """An edge from ``i`` to ``j > i`` has log odds ``log_odds + as_cause[i] + as_effect[j]``; components are joined.

    With Cauchy priors on all three, a few nodes cause almost everything (Qu et al., 2026, arXiv:2602.11139).

    Args:
        n_node, max_node, max_parent: see :class:`GraphLaw`.
        log_odds: log odds common to all edges.
        as_cause: shape ``(max_node,)``, log odds of a node's edges to later nodes.
        as_effect: shape ``(max_node,)``, log odds of a node's edges from earlier nodes.
    """

    arg_constraints = {
        "n_node": constraints.positive_integer,
        "log_odds": constraints.real,
        "as_cause": constraints.real_vector,
        "as_effect": constraints.real_vector,
    }

    def __init__(
        self,
        n_node: ArrayLike,
        log_odds: ArrayLike,
        as_cause: ArrayLike,
        as_effect: ArrayLike,
        max_node: int,
        max_parent: int | None = None,
        *,
        validate_args: bool | None = None,
    ):
        super().__init__(
            n_node,
            max_node,
            max_parent,
            log_odds=log_odds,
            as_cause=as_cause,
            as_effect=as_effect,
            validate_args=validate_args,
        )

    def edge_logits(self) -> Float[Array, "cause effect"]:
        """Log odds as the sum of the three effects."""
        return self.log_odds + self.as_cause[:, None] + self.as_effect[None, :]
