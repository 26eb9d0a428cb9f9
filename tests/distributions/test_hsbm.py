from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random
from jax.extend.core import jaxprs_in_params

from plurel_prob.distributions import HSBM
from tests.goodness import assert_fits


def affinity(n_level, seed=0):
    return random.uniform(random.key(seed), (n_level, 3, 3), minval=0.05, maxval=1.0)


# laws are pytrees: those of one size share their compiled programs
sample = jax.jit(lambda law, key, n_draw: law.sample(key, (n_draw,)), static_argnums=2)
sample_one = jax.jit(lambda law, key: law.sample(key))
log_prob = jax.jit(lambda law, value: law.log_prob(value))


def law_level_by_level(affinity, n_parent_cluster, n_child_cluster, n_parent, n_child):
    """P(parent | child) as the formula says, of plain numbers."""

    def clusters(n_row, n_cluster):
        """Of each row, level by level."""
        base = np.arange(n_row) // -(-n_row // int(np.prod(n_cluster)))
        digits = []
        for k in reversed(n_cluster):
            digits.append(base % k)
            base = base // k
        return digits[::-1]

    affinity = np.asarray(affinity, np.float64)
    n_parent_cluster, n_child_cluster = np.asarray(n_parent_cluster).tolist(), np.asarray(n_child_cluster).tolist()
    probs = np.ones((n_child, n_parent))
    of_parents, of_children = clusters(n_parent, n_parent_cluster), clusters(n_child, n_child_cluster)
    for of_level, z, w in zip(affinity, of_parents, of_children, strict=False):
        probs *= of_level[z[None, :], w[:, None]]
    return probs / probs.sum(1, keepdims=True)


@pytest.mark.parametrize(
    ("n_draw", "parents", "children"),
    [
        (20_000, [2, 3], [3, 1]),
        *(pytest.param(50_000, *n, marks=pytest.mark.slow) for n in (([1, 1], [1, 1]), ([2, 3], [3, 1]), ([3, 3], [2, 2]))),
    ],
)
def test_enumerated(n_draw, parents, children):
    n_parent, n_child = 5, 3
    law = HSBM(affinity(2), jnp.array(parents), jnp.array(children), n_parent, n_child, n_child)
    probs = law_level_by_level(affinity(2), parents, children, n_parent, n_child)
    value = np.array(list(product(range(n_parent), repeat=n_child)))
    joint = probs[np.arange(n_child), value].prod(1)
    np.testing.assert_allclose(np.exp(log_prob(law, value)), joint, rtol=1e-4)
    draws = np.asarray(sample(law, random.key(1), n_draw))
    assert_fits(np.bincount(draws @ np.array([25, 5, 1]), minlength=125), joint)


def test_keys_of_the_old_form_draw_the_same():
    """NumPyro's ``Predictive`` hands them out; a batch of two, each element with a key of its own."""
    law = HSBM(affinity(2), jnp.array([2, 3]), jnp.array([3, 1]), 5, jnp.array([3, 2]), 3)
    np.testing.assert_array_equal(law.sample(random.PRNGKey(1)), law.sample(random.key(1)))


def test_many_rows_follow_the_plain_law():
    parents, children, n_parent, n_child = [2, 1, 3], [2, 3, 1], 37, 2500
    law = HSBM(affinity(3), jnp.array(parents), jnp.array(children), n_parent, n_child, 3000)
    probs = law_level_by_level(affinity(3), parents, children, n_parent, n_child)
    draws = np.asarray(sample(law, random.key(2), 200))
    assert (draws[:, n_child:] == -1).all()
    for child in (0, 1023, 1024, 2499):
        assert_fits(np.bincount(draws[:, child], minlength=n_parent), probs[child])
    expected = np.log(probs[np.arange(n_child), draws[0, :n_child]]).sum()
    np.testing.assert_allclose(log_prob(law, draws[0]), expected, rtol=1e-4)


def test_the_density_of_links_of_any_size_follows_the_plain_law():
    """All base clusters full, the last one short, or several empty; and its gradient is a number, padding or not."""
    rng, found = np.random.default_rng(0), {"all full": 0, "short": 0, "empty": 0}

    @jax.jit
    def density(affinity, parents, children, n_parent, n_child, value):
        return jax.value_and_grad(lambda x: HSBM(x, parents, children, n_parent, n_child, 12).log_prob(value))(affinity)

    for case in range(60):
        parents, children = rng.integers(1, 4, (2, 3))
        n_base, n_child = int(parents.prod()), int(rng.integers(1, 13))
        n_parent = n_base * int(rng.integers(1, 4)) if case % 3 == 0 else int(rng.integers(1, 40))
        run = -(-n_parent // n_base)
        found["all full" if n_parent == run * n_base else "short" if n_parent > run * (n_base - 1) else "empty"] += 1
        value = np.append(rng.integers(0, n_parent, n_child), np.full(12 - n_child, -1))
        probs = law_level_by_level(affinity(3), parents, children, n_parent, n_child)
        total, gradient = density(affinity(3), parents, children, n_parent, n_child, value)
        expected = np.log(probs[np.arange(n_child), value[:n_child]]).sum()
        np.testing.assert_allclose(total, expected, rtol=1e-4, atol=1e-5, err_msg=f"{parents} {children} {n_parent}")
        assert np.isfinite(gradient).all()
    assert min(found.values()) >= 5, found


def test_one_block_is_uniform():
    ones = jnp.ones(1, jnp.int32)
    law = HSBM(affinity(1), ones, ones, 7, 4, 4)
    np.testing.assert_allclose(log_prob(law, np.array([0, 6, 3, 3])), -4 * np.log(7), rtol=1e-5)


def test_rows_do_not_depend_on_padding():
    two = jnp.full(2, 2)
    draws = [sample_one(HSBM(affinity(2), two, two, 50, 1500, pad), random.key(0))[:1500] for pad in (1500, 2048, 8192)]
    np.testing.assert_array_equal(draws[0], draws[1])
    np.testing.assert_array_equal(draws[0], draws[2])


def test_wrong_parents_have_density_zero():
    two = jnp.full(2, 2)
    law = HSBM(affinity(2), two, two, 5, 3, 4)
    assert np.isfinite(log_prob(law, np.array([0, 4, 2, -1])))
    assert log_prob(law, np.array([0, 5, 2, -1])) == -np.inf
    assert log_prob(law, np.array([0, -1, 2, -1])) == -np.inf
    assert log_prob(law, np.array([0, 4, 2, 1])) == -np.inf


def largest_array(jaxpr):
    sizes = [np.prod(x.aval.shape) for eqn in jaxpr.eqns for x in (*eqn.invars, *eqn.outvars) if hasattr(x.aval, "shape")]
    inner = [largest_array(j) for eqn in jaxpr.eqns for j in jaxprs_in_params(eqn.params)]
    return max([*sizes, *inner, 0])


def test_a_large_link_needs_no_array_of_parents_times_children():
    n_parent, n_child = 100_000, 1_000_000
    three = jnp.full(5, 3)
    matrices = jnp.broadcast_to(0.001 + 0.9 * jnp.eye(3), (5, 3, 3))
    law = HSBM(matrices, three, three, n_parent, n_child, n_child)
    jaxpr = jax.make_jaxpr(law.sample)(random.key(0)).jaxpr
    assert largest_array(jaxpr) <= 2 * n_child
    draws = sample_one(law, random.key(0))
    assert draws.shape == (n_child,) and draws.min() >= 0 and draws.max() < n_parent


def test_some_blocks_alone():
    """The first eight blocks and those after 3 that are left out are as they are among all; so is their density."""
    sizes = {"n_parent": 37, "n_child": 13_000}
    arguments = (affinity(2), jnp.array([2, 3]), jnp.array([3, 2]))
    whole, some = HSBM(*arguments, **sizes, max_child=14_336), HSBM(*arguments, **sizes, max_child=11_264, n_skipped_block=3)
    drawn, part = (np.asarray(sample_one(law, random.key(4))) for law in (whole, some))
    held = np.concatenate([np.arange(8 * 1024), np.arange(11 * 1024, 14 * 1024)])
    np.testing.assert_array_equal(part, drawn[held])
    probs = law_level_by_level(*arguments, **sizes)
    children = held[held < 13_000]
    expected = np.log(probs[children, drawn[children]]).sum()
    np.testing.assert_allclose(log_prob(some, part), expected, rtol=1e-5)
