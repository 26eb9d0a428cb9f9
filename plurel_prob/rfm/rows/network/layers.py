"""Parts that the network is made of."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from plurel_prob.rfm.rows.network.sizes import RowNetworkSize

N_WEIGH = 32  # hidden width of the network that weighs features


def matrix(key: PRNGKeyArray, n_in: int, n_out: int) -> Float[Array, "in out"]:
    """Initial weights: normal, with variance 1 / n_in."""
    return random.normal(key, (n_in, n_out)) * n_in**-0.5


def linear(weight: Float[Array, "in out"], x: Float[Array, "*row in"]) -> Float[Array, "*row out"]:
    """Multiply, as one matrix."""
    flat = jnp.matmul(x.reshape(-1, x.shape[-1]), weight, precision=lax.Precision.HIGHEST)
    return flat.reshape(*x.shape[:-1], weight.shape[1])


def normalise(x: Float[Array, "*row width"]) -> Float[Array, "*row width"]:
    """Divide by the root mean square; scales are those of the weights that follow."""
    return x * lax.rsqrt(jnp.mean(x**2, -1, keepdims=True) + 1e-6)


class Weigh(eqx.Module):
    """From what features are worth to weights of experts; 0 before training."""

    up: Float[Array, "stat hidden"]
    about: Float[Array, "about hidden"]
    bias: Float[Array, " hidden"]
    out: Float[Array, "hidden 2"]

    def __init__(self, n_stat: int, n_about: int, *, key: PRNGKeyArray):
        up, about, bias = random.split(key, 3)
        self.up, self.about = 2 * matrix(up, n_stat, N_WEIGH), matrix(about, n_about, N_WEIGH)
        self.bias, self.out = random.normal(bias, (N_WEIGH,)), jnp.zeros((N_WEIGH, 2))

    def __call__(
        self, worth: Float[Array, "task feature stat"], about: Float[Array, "task about"]
    ) -> Float[Array, "task feature 2"]:
        """Logarithms of factors, of each feature for two experts."""
        hidden = jax.nn.relu(linear(self.up, worth) + linear(self.about, about)[:, None] + self.bias)
        return jnp.clip(linear(self.out, hidden), -6.0, 6.0)


class Pool(eqx.Module):
    """A row from its cells: averages over features, weighed (and signed) by what a feature is worth, and one matrix.

    A weight is of a feature, not of a cell: cells are read once, and have no gradient.
    """

    up: Float[Array, "stat feature"]
    bias: Float[Array, " feature"]
    score: Float[Array, "feature pool"]
    sign: Float[Array, "feature pool"]
    out: Float[Array, "pooled width"]

    def __init__(self, size: RowNetworkSize, n_stat: int, n_channel: int, *, key: PRNGKeyArray):
        up, bias, score, sign, out = random.split(key, 5)
        self.up, self.bias = 2 * matrix(up, n_stat, size.feature), random.normal(bias, (size.feature,))
        self.score, self.sign = (matrix(k, size.feature, size.n_pool) for k in (score, sign))
        self.out = matrix(out, size.n_pool * n_channel, size.width)

    def weights(
        self, worth: Float[Array, "task feature stat"], is_used: Bool[Array, "task feature"]
    ) -> Float[Array, "task feature pool"]:
        """Weights of features; those that are not used have none."""
        hidden = jax.nn.relu(linear(self.up, worth) + self.bias)
        score = jnp.where(is_used[..., None], linear(self.score, hidden), -1e9)
        return jax.nn.softmax(score, 1) * linear(self.sign, hidden) * is_used[..., None]

    def __call__(
        self, weights: Float[Array, "task feature pool"], cells: Float[Array, "task feature row channel"]
    ) -> Float[Array, "task row width"]:
        """Pool the cells of rows."""
        pooled = jnp.einsum("tfp,tfrc->trpc", weights, cells, precision=lax.Precision.HIGHEST)
        return linear(self.out, pooled.reshape(*pooled.shape[:2], -1))


class ContextBlock(eqx.Module):
    """Attention to the rows of the context, and a feed-forward network."""

    query: Float[Array, "width width"]
    key: Float[Array, "width width"]
    value: Float[Array, "width width"]
    out: Float[Array, "width width"]
    up: Float[Array, "width hidden"]
    down: Float[Array, "hidden width"]
    n_head: int = eqx.field(static=True)

    def __init__(self, size: RowNetworkSize, *, key: PRNGKeyArray):
        keys, width = random.split(key, 6), size.width
        self.query, self.key, self.value = (matrix(k, width, width) for k in keys[:3])
        depth = (2 * size.n_block) ** -0.5
        self.out = matrix(keys[3], width, width) * depth
        self.up, self.down = matrix(keys[4], width, size.hidden), matrix(keys[5], size.hidden, width) * depth
        self.n_head = size.n_head

    def remember(self, context: Float[Array, "task context width"]) -> tuple[Array, Array]:
        """Keys and values of a context's rows."""
        normal = normalise(context)
        return self._heads(linear(self.key, normal)), self._heads(linear(self.value, normal))

    def __call__(
        self, rows: Float[Array, "task row width"], memory: tuple[Array, Array], is_context: Float[Array, "task context"]
    ) -> Float[Array, "task row width"]:
        """Read the context."""
        key, value = memory
        query = self._heads(linear(self.query, normalise(rows))) * key.shape[-1] ** -0.5
        logit = jnp.einsum("trhd,tchd->thrc", query, key, precision=lax.Precision.HIGHEST)
        logit = jnp.where(is_context[:, None, None] > 0, logit, -1e9)
        mass = jnp.exp(logit - lax.stop_gradient(logit.max(-1, keepdims=True)))
        read = jnp.einsum("thrc,tchd->trhd", mass, value, precision=lax.Precision.HIGHEST)
        read = read / jnp.moveaxis(mass.sum(-1), 1, 2)[..., None]
        rows = rows + linear(self.out, read.reshape(rows.shape))
        return rows + linear(self.down, jax.nn.relu(linear(self.up, normalise(rows))))

    def _heads(self, x: Float[Array, "task row width"]) -> Float[Array, "task row head dim"]:
        return x.reshape(*x.shape[:2], self.n_head, -1)
