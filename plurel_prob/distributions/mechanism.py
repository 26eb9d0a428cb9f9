r"""Mechanisms: how a node of a structural causal model is computed from its causes.

Projection, aggregation, reconstruction (PluRel, arXiv:2602.04029, stage 3), in one narrow form. A cause with value :math:`v_i`
and edge weight :math:`w_i` is projected into a latent space of 32 dimensions,

.. math:: \varphi_i(v) = \tanh(a_i v + b_i) \text{ (numerical)}, \qquad \varphi_i(v) = E_{i,v} \text{ (categorical)},

the projections are aggregated with the foreign term :math:`f` (the mean embedding of the columns of every parent table at the
linked row, added up over the foreign keys),

.. math:: h = \frac{\sum_i w_i \varphi_i(v_i)}{\sqrt{\sum_i w_i^2}} + f,

and a value is reconstructed from :math:`o = U \tanh(W h)`: a number is :math:`N(o_0, \sigma^2)`, a category
:math:`\text{Categorical}(\text{softmax}(o))`. Normalised weights keep every value of order one, at any depth. A source node (one
without causes) is :math:`N(0, 1)`, or categorical with uniform (Dirichlet(1)) probabilities.

Weights are functions of a random key: normal, with the variances that keep the scale. Arrays have rows last: ``(latent, row)``.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax, random
from jax.nn import log_softmax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

LATENT = 32  # dimensions of the latent space
LOGIT_SCALE = 3.0  # of reconstructed logits: categories follow their causes clearly, yet not surely


class Conditional(NamedTuple):
    """Law of one node's values at some rows given its causes: a number if not ``is_categorical``."""

    is_categorical: Bool[Array, ""]
    n_category: Int[Array, ""]
    loc: Float[Array, " row"]
    scale: Float[Array, ""]
    logits: Float[Array, "category row"]

    @property
    def log_probs(self) -> Float[Array, "category row"]:
        """Normalised log probabilities of the categories; minus infinity beyond ``n_category``."""
        is_category = jnp.arange(self.logits.shape[0]) < self.n_category
        return log_softmax(jnp.where(is_category[:, None], self.logits, -jnp.inf), axis=0)

    def sample(self, key: PRNGKeyArray) -> Float[Array, " row"]:
        """Draw values; a category is a number. One normal or one uniform a row, whatever the law."""

        def category() -> Array:
            cumulative = jnp.cumsum(jnp.exp(self.log_probs), axis=0)
            uniform = random.uniform(key, self.loc.shape)
            index = (cumulative <= uniform * cumulative[-1]).sum(0)
            return jnp.minimum(index, self.n_category - 1).astype(jnp.float32)

        def number() -> Array:
            return self.loc + self.scale * random.normal(key, self.loc.shape)

        return lax.cond(self.is_categorical, category, number)

    def log_prob(self, value: Float[Array, " row"]) -> Float[Array, " row"]:
        """Log density of numbers, log probability of categories."""

        def category() -> Array:
            index = jnp.clip(value.astype(jnp.int32), 0, self.logits.shape[0] - 1)
            return jnp.where(index == value, jnp.take_along_axis(self.log_probs, index[None], axis=0)[0], -jnp.inf)

        def number() -> Array:
            error = (value - self.loc) / self.scale
            return -0.5 * error**2 - jnp.log(self.scale) - 0.5 * jnp.log(2 * jnp.pi)

        return lax.cond(self.is_categorical, category, number)


def project(
    key: PRNGKeyArray, value: Float[Array, " row"], is_categorical: Bool[Array, ""], max_category: int
) -> Float[Array, "latent row"]:
    """Project values into the latent space with the weights of ``key``."""
    weight = random.normal(key, (LATENT, max(max_category, 2)))

    def category() -> Array:
        return weight[:, value.astype(jnp.int32)]

    def number() -> Array:
        return jnp.tanh(weight[:, :1] * value + weight[:, 1:2])

    return lax.cond(is_categorical, category, number)


def reconstruct(key: PRNGKeyArray, latent: Float[Array, "latent row"], max_category: int) -> Float[Array, "category row"]:
    """Map latents to outputs, of which a number uses the first and a category the first ``n_category``."""
    hidden_key, output_key = random.split(key)
    hidden = random.normal(hidden_key, (LATENT, LATENT)) / jnp.sqrt(LATENT)
    output = 2 * random.normal(output_key, (max_category, LATENT)) / jnp.sqrt(LATENT)
    return output @ jnp.tanh(hidden @ latent)


def source_logits(key: PRNGKeyArray, max_category: int) -> Float[Array, " category"]:
    """Log of independent exponentials: normalised over any first ``k``, they are Dirichlet(1) probabilities."""
    return jnp.log(random.exponential(key, (max_category,)) + 1e-30)
