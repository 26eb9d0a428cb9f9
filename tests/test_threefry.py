import jax
import numpy as np
import pytest
from jax import random

from plurel_prob.threefry import fast_bits


@pytest.mark.parametrize("shape", [(1,), (7,), (32, 32), (1024, 8)])
def test_bits_are_those_of_jax(shape):
    for seed in (0, 1, 2**31 - 1):
        key = random.fold_in(random.key(seed), 3)
        np.testing.assert_array_equal(jax.jit(fast_bits, static_argnums=1)(random.key_data(key), shape), random.bits(key, shape))
