import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import ndtri

from plurel_prob.distributions.mechanisms.elementary import exp_below_one, normal_quantile, sine


def test_sines_are_accurate_near_zero_and_bounded_far_out():
    x = np.linspace(-1e4, 1e4, 200_001).astype(np.float32)
    np.testing.assert_allclose(sine(jnp.asarray(x)), np.sin(np.float64(x)), atol=1e-6)
    assert (np.abs(sine(jnp.asarray(x * np.float32(1e16)))) <= 1).all()


def test_exponentials_below_one():
    x = np.linspace(-86, 0, 100_001, dtype=np.float32)
    found = np.float64(jax.jit(exp_below_one)(x))
    np.testing.assert_allclose(found, np.exp(np.float64(x)), rtol=4e-6)
    assert float(exp_below_one(jnp.float32(0.0))) == 1.0
    far = np.asarray(jax.jit(exp_below_one)(jnp.array([-87.0, -1e6, -jnp.inf])))
    np.testing.assert_allclose(far, np.exp(-86.0), rtol=4e-6)


def test_quantiles_at_all_points_of_weights():
    point = (np.arange(65536) + 0.5) / 65536
    found = np.float64(jax.jit(normal_quantile)(np.float32(point)))
    np.testing.assert_allclose(found, ndtri(point), atol=3e-6)
    assert (np.diff(found) > 0).all()
