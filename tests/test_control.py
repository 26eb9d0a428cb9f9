import jax
import jax.numpy as jnp
import numpy as np

from plurel_prob.control import computed_once, when, zeros_like_result


def test_a_state_is_changed_where_the_condition_holds():
    def visit(i, state):
        return when(i % 3 == 0, lambda at, state: {"sum": state["sum"] + at, "count": state["count"] + 1}, i, state)

    start = {"sum": jnp.array(0), "count": jnp.array(0)}
    end = jax.jit(lambda n: jax.lax.fori_loop(0, n, visit, start))(10)
    assert int(end["sum"]) == 0 + 3 + 6 + 9 and int(end["count"]) == 4


def test_what_is_computed_once_is_what_would_be_computed():
    x = jnp.arange(5.0)
    np.testing.assert_array_equal(jax.jit(lambda at: computed_once(lambda: x * 2, at))(3), x * 2)


def test_space_has_the_shapes_of_a_result():
    space = zeros_like_result(lambda: (jnp.ones((2, 3)), jnp.ones(4, jnp.uint32)))
    assert [(x.shape, str(x.dtype)) for x in space] == [((2, 3), "float32"), ((4,), "uint32")] and not space[0].any()
