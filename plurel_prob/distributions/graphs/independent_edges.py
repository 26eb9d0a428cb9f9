"""Families in which every edge is an independent coin, given that the graph is connected."""

import jax.numpy as jnp
from jax import lax, random
from jax.nn import log_sigmoid, logsumexp
from jaxtyping import Array, ArrayLike, Bool, Float, Int8, PRNGKeyArray
from numpyro.distributions import constraints

from plurel_prob.distributions.graphs.law import Attachment, GraphLaw, attachment


def log_first_success(logits: Float[Array, " item"], is_candidate: Bool[Array, " item"]) -> Float[Array, " item"]:
    """Log probability that the first success among the candidates' coins is each item's.

    In the log domain throughout: probabilities as small as a Cauchy law makes them neither vanish nor divide by zero.
    """
    log_success = jnp.where(is_candidate, log_sigmoid(logits), -jnp.inf)
    log_failure = jnp.where(is_candidate, log_sigmoid(-logits), 0.0)
    return log_success + jnp.concatenate([jnp.zeros(1), jnp.cumsum(log_failure)[:-1]])


def sample_at_least_one(
    key: PRNGKeyArray, logits: Float[Array, " item"], is_candidate: Bool[Array, " item"]
) -> Bool[Array, " item"]:
    """Toss the candidates' coins, conditioned on at least one success: the first success, then free coins after it."""
    first_key, rest_key = random.split(key)
    log_first = log_first_success(logits, is_candidate)
    weight = jnp.cumsum(jnp.exp(log_first - log_first.max()))
    item = jnp.arange(len(logits))
    first = (weight <= random.uniform(first_key) * weight[-1]).sum()
    # rounding must not step on an item that is no candidate
    first = jnp.minimum(first, jnp.where(is_candidate, item, 0).max())
    success = random.uniform(rest_key, logits.shape) < jnp.exp(log_sigmoid(logits))
    return is_candidate & ((item == first) | ((item > first) & success))


def first_few(chosen: Bool[Array, " item"], limit: int) -> Bool[Array, " item"]:
    """The first ``limit`` of the chosen items."""
    return chosen & (jnp.cumsum(chosen) <= limit)


class IndependentEdges(GraphLaw):
    r"""Edges as independent coins, made connected by conditioning.

    Nodes are attached from the middle of the topological order outwards (:class:`Attachment`). A node tosses a coin for
    every node attached before it, conditioned on at least one success; an edge follows the topological order. With
    ``max_parent``, a node's coins for parents stop at the last one it may have (its first ``max_parent`` successes), and a
    node that has its parents is no candidate for another. With :math:`C_v` the candidates of node :math:`v` and
    :math:`\pi` the success probabilities,

    .. math:: p(x) = \prod_v
        \frac{\prod_{u \in C_v} \pi_{uv}^{x_{uv}} (1-\pi_{uv})^{1-x_{uv}}}{1 - \prod_{u \in C_v} (1-\pi_{uv})}.

    The released generator draws the coins without a condition and joins components afterwards.
    """

    def edge_logits(self) -> Float[Array, "cause effect"]:
        """Log odds of an edge from each node to each later one."""
        raise NotImplementedError

    def _candidates(self, step: Attachment, mark: Int8[Array, "cause effect"]) -> Bool[Array, " node"]:
        is_open = step.takes_parents | (step.n_parent(mark) < self.max_parent)
        return step.is_attached & is_open

    def draw(self, key: PRNGKeyArray) -> Int8[Array, "cause effect"]:
        """Attach node after node."""
        logits = self.edge_logits()

        def attach(i: Array, mark: Array) -> Array:
            step = attachment(self.n_node, i, self.node)
            chosen = sample_at_least_one(random.fold_in(key, i), step.of(logits), self._candidates(step, mark))
            limited = jnp.where(step.takes_parents, first_few(chosen, self.max_parent), chosen)
            return step.join(mark, limited)

        empty = jnp.zeros((self.max_node, self.max_node), jnp.int8)
        return lax.fori_loop(1, self.n_node, attach, empty)

    def density(self, value: Int8[Array, "cause effect"]) -> Float[Array, ""]:
        """Sum over the attachments of the log probability of their coins."""
        logits = self.edge_logits()

        def attach(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            log_prob, n_edge = state
            step = attachment(self.n_node, i, self.node)
            candidate = self._candidates(step, value)
            chosen = (step.of(value) == 1) & step.is_attached
            is_tossed = candidate & ~(step.takes_parents & (jnp.cumsum(chosen) - chosen >= self.max_parent))
            row = step.of(logits)
            coin = jnp.where(chosen, log_sigmoid(row), log_sigmoid(-row))
            log_any = logsumexp(log_first_success(row, candidate))
            possible = chosen.any() & (is_tossed | ~chosen).all()
            log_prob += jnp.where(possible, jnp.where(is_tossed, coin, 0.0).sum() - log_any, -jnp.inf)
            return log_prob, n_edge + chosen.sum(dtype=jnp.int32)

        log_prob, n_edge = lax.fori_loop(1, self.n_node, attach, (jnp.zeros(()), jnp.zeros((), jnp.int32)))
        return jnp.where(n_edge == value.astype(jnp.int32).sum(), log_prob, -jnp.inf)


class ErdosRenyi(IndependentEdges):
    """Every pair of nodes is joined with probability ``1 - (1 - p)^2``, given that the graph is connected.

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
        log_failure = 2 * jnp.log1p(-self.prob)
        logit = jnp.log(-jnp.expm1(log_failure)) - log_failure
        return jnp.full((self.max_node, self.max_node), logit)


class RandomCauchy(IndependentEdges):
    """An edge from ``i`` to ``j > i`` has log odds ``log_odds + as_cause[i] + as_effect[j]``, given connectedness.

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
