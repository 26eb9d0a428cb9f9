import gc

import jax
import jax.numpy as jnp
import pytest

from plurel_prob.compiled.compilation import compile_program


@pytest.mark.parametrize("collects", [True, False])
def test_a_compiled_program_computes_and_the_collector_is_as_before(collects):
    (gc.enable if collects else gc.disable)()
    try:
        program = compile_program(jax.jit(lambda x: x + 1), jax.ShapeDtypeStruct((3,), jnp.float32))
        assert gc.isenabled() == collects
        with pytest.raises(TypeError):
            compile_program(jax.jit(lambda x: x @ x), jnp.zeros((2, 3)))
        assert gc.isenabled() == collects
    finally:
        gc.enable()
    assert (program(jnp.arange(3.0)) == jnp.arange(1.0, 4.0)).all()
