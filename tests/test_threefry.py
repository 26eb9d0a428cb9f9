import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random

from plurel_prob.threefry import UNROLLED, fast_bits, unrolled


@pytest.mark.parametrize("shape", [(1,), (7,), (32, 32), (1024, 8)])
def test_bits_are_those_of_jax(shape):
    for seed in (0, 1, 2**31 - 1):
        key = random.fold_in(random.key(seed), 3)
        np.testing.assert_array_equal(jax.jit(fast_bits, static_argnums=1)(random.key_data(key), shape), random.bits(key, shape))


DRAWS = {
    "bits": lambda key: random.bits(key, (5,)),
    "normal": lambda key: random.normal(key, (3, 2)),
    "scalar": random.uniform,
    "randint": lambda key: random.randint(key, (4,), 0, 7),
    "split": lambda key: random.key_data(random.split(key, 3)),
    "fold_in": lambda key: random.key_data(random.fold_in(key, 2**31)),
    "vmap": lambda key: jax.vmap(lambda i: random.uniform(random.fold_in(key, i), (2,)))(jnp.arange(3)),
    "nested vmap": lambda key: jax.vmap(lambda keys: jax.vmap(lambda k: random.normal(random.split(k)[1]))(keys))(
        random.split(key, (2, 3))
    ),
}


@pytest.mark.parametrize("name", DRAWS)
def test_unrolled_keys_draw_the_same(name):
    for seed in (0, 1, 2**31 - 1):
        key = random.key(seed)
        draw = jax.jit(DRAWS[name])
        np.testing.assert_array_equal(draw(unrolled(key)), draw(key))


def test_unrolled_keys_of_seeds():
    np.testing.assert_array_equal(random.key_data(random.key(7, impl=UNROLLED)), random.key_data(random.key(7)))


def test_unrolled_keys_refuse_other_widths():
    with pytest.raises(NotImplementedError, match="32 bits, not 8"):
        random.bits(unrolled(random.key(0)), (3,), "uint8")
