"""Effects of a cause in compact mechanisms: random functions between spaces of up to four dimensions.

In the style of recent priors over single tables (TabPFN, arXiv:2207.01848; TabICL, arXiv:2502.05564), each cheap and of order
one. To add one, write a function and a line in ``EFFECTS``. An effect maps inputs, shape ``(4, row)`` and of order one, to
outputs of the same shape; its weights are functions of the key. Unused input dimensions are zero, and ``n_in`` says how many are
used.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Float, Int, PRNGKeyArray

from plurel_prob.distributions.mechanisms.elementary import sine
from plurel_prob.precision import multiply

DIM = 4  # dimensions of a node at most
Point = Float[Array, "dim row"]
Effect = Callable[[PRNGKeyArray, Point, Int[Array, ""]], Point]
N_HIDDEN, N_FREQUENCY, N_CENTRE, N_TREE, DEPTH = 8, 16, 8, 2, 3

TRANSFORMS_OF_LINEAR: tuple[Callable[[Array], Array], ...] = (
    jnp.tanh,
    jnp.sin,
    jnp.abs,
    lambda x: jnp.maximum(x, 0.0),
    lambda x: jnp.exp(-0.5 * x * x),
    lambda x: jnp.sign(x) * jnp.sqrt(jnp.abs(x)),
)


def squash(x: Array) -> Array:
    """Bound numbers to (-3, 3) smoothly; close to the identity around zero."""
    return 3.0 * jnp.tanh(x / 3.0)


def matrix(key: PRNGKeyArray, x: Point, n_in: Int[Array, ""]) -> Point:
    """A random matrix, entries N(0, 1 / inputs)."""
    return multiply(random.normal(key, (DIM, DIM)) / jnp.sqrt(n_in), x)


def linear(key: PRNGKeyArray, x: Point, n_in: Int[Array, ""]) -> Point:
    """A random matrix and offset, then one of six transforms."""
    matrix_key, offset_key, transform_key = random.split(key, 3)
    moved = matrix(matrix_key, x, n_in) + random.normal(offset_key, (DIM, 1))
    return lax.switch(random.randint(transform_key, (), 0, len(TRANSFORMS_OF_LINEAR)), TRANSFORMS_OF_LINEAR, moved)


def small_mlp(key: PRNGKeyArray, x: Point, n_in: Int[Array, ""]) -> Point:
    """A network with one hidden layer of eight tanh units."""
    weight = random.normal(key, (N_HIDDEN, 2 * DIM + 1))
    hidden = jnp.tanh(1.5 * multiply(weight[:, :DIM] / jnp.sqrt(n_in), x) + weight[:, -1:])
    return multiply(weight[:, DIM:-1].T * jnp.sqrt(2 / N_HIDDEN), hidden)


def oblivious_trees(key: PRNGKeyArray, x: Point, n_in: Int[Array, ""]) -> Point:
    """Mean of two trees of depth three that ask the same question at every node of a level; leaves N(0, 1)."""
    dim_key, threshold_key, leaf_key = random.split(key, 3)
    dim = random.randint(dim_key, (N_TREE, DEPTH), 0, n_in)
    is_right = x[dim] > random.normal(threshold_key, (N_TREE, DEPTH, 1))
    value = random.normal(leaf_key, (N_TREE, DIM, 2**DEPTH, 1)) / jnp.sqrt(N_TREE)
    for level in reversed(range(DEPTH)):  # level k decides on bit k of the leaf; choosing is faster than looking the leaf up
        left, right = jnp.split(value, 2, axis=2)
        value = jnp.where(is_right[:, None, None, level], right, left)
    return value[:, :, 0].sum(0)


def fourier_features(key: PRNGKeyArray, x: Point, n_in: Int[Array, ""]) -> Point:
    """A draw from a Gaussian process by 16 random Fourier features; length scale log-uniform on [0.5, 2]."""
    scale_key, weight_key, phase_key = random.split(key, 3)
    length = jnp.exp(random.uniform(scale_key, minval=-jnp.log(2.0), maxval=jnp.log(2.0)))
    weight = random.normal(weight_key, (N_FREQUENCY, 2 * DIM))
    angle = multiply(weight[:, :DIM] / length, x) + random.uniform(phase_key, (N_FREQUENCY, 1), maxval=2 * jnp.pi)
    return multiply(weight[:, DIM:].T * jnp.sqrt(2 / N_FREQUENCY), sine(angle + jnp.pi / 2))


def quadratic(key: PRNGKeyArray, x: Point, n_in: Int[Array, ""]) -> Point:
    """A random quadratic form an output, squashed."""
    weight = random.normal(key, (DIM, DIM, DIM)) / n_in
    return squash(jnp.stack([x[i] * multiply(weight[:, i], x) for i in range(DIM)]).sum(0))


def product(key: PRNGKeyArray, x: Point, n_in: Int[Array, ""]) -> Point:
    """Product of two random linear functions, squashed."""
    first, second = random.split(key)
    return squash(matrix(first, x, n_in) * matrix(second, x, n_in))


def nearest_centre(key: PRNGKeyArray, x: Point, n_in: Int[Array, ""]) -> Point:
    """A random value for each of eight centres, N(0, 1) like the values: that of the nearest one."""
    centre, value = random.normal(key, (2, N_CENTRE, DIM))
    centre = jnp.where(jnp.arange(DIM) < n_in, centre, 0.0)
    distance = (centre**2).sum(1)[:, None] - 2 * multiply(centre, x)
    nearest, result = distance[0], value[0][:, None]
    for i in range(1, N_CENTRE):  # choosing is faster than looking the centre up
        is_nearer = distance[i] < nearest
        nearest, result = jnp.where(is_nearer, distance[i], nearest), jnp.where(is_nearer, value[i][:, None], result)
    return result


# Registries cannot be changed while Python runs: a compiled program that is kept is known by the files of this package alone.
EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        "linear": linear,
        "matrix": matrix,
        "small_mlp": small_mlp,
        "oblivious_trees": oblivious_trees,
        "fourier_features": fourier_features,
        "quadratic": quadratic,
        "product": product,
        "nearest_centre": nearest_centre,
    }
)
