import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from plurel_prob.distributions.mechanisms.activations import ACTIVATIONS
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS
from plurel_prob.distributions.mechanisms.effects import EFFECTS
from plurel_prob.distributions.mechanisms.sources import SOURCES
from plurel_prob.distributions.mechanisms.transforms import TRANSFORMS
from plurel_prob.programs.compilation import _say_once, compile_program
from plurel_prob.programs.stored import file_of

DEVICES = jax.devices()[:1]
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a bit of the program": lambda content: content[:99] + bytes([content[99] ^ 4]) + content[100:],
    "a bit of the hash": lambda content: bytes([content[0] ^ 1]) + content[1:],
    "half": lambda content: content[: len(content) // 2],
    "all": lambda content: b"",
    "more": lambda content: content + b"more",
}


@pytest.fixture
def folder(tmp_path):
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    yield tmp_path / "programs"
    jax.config.update("jax_compilation_cache_dir", before)


def compiled(name: str, lowered: list[str]):
    """A program with a state, a loop and a typed key, that says when it is lowered."""

    def lower():
        lowered.append(name)
        program = jax.jit(lambda key, x: jax.lax.fori_loop(0, 3, lambda i, x: x + jax.random.normal(key, (3,)), x["x"]))
        return program.lower(jax.random.key(0), {"x": jnp.zeros(3)})

    return compile_program(name, lower, DEVICES)


@pytest.mark.parametrize("collects", [True, False])
def test_a_compiled_program_computes_and_the_collector_is_as_before(folder, collects):
    (gc.enable if collects else gc.disable)()
    try:
        program = compile_program("add", lambda: jax.jit(lambda x: x + 1).lower(jnp.zeros(3)), DEVICES)
        assert gc.isenabled() == collects
        with pytest.raises(TypeError):
            compile_program("multiply", lambda: jax.jit(lambda x: x @ x).lower(jnp.zeros((2, 3))), DEVICES)
        assert gc.isenabled() == collects
    finally:
        gc.enable()
    assert (program(jnp.arange(3.0)) == jnp.arange(1.0, 4.0)).all()


def test_it_is_said_once_that_programs_compile(folder, capsys):
    _say_once.cache_clear()
    for name in ("said", "not said again", "said"):
        compiled(name, [])
    assert capsys.readouterr().err == "plurel_prob: compiling for up to a minute; the program is kept for next time\n"
    _say_once.cache_clear()
    compiled("said", [])  # is loaded
    assert not capsys.readouterr().err


def test_registries_cannot_be_changed_so_that_a_kept_program_is_that_of_the_package():
    for registry in (ACTIVATIONS, AGGREGATIONS, EFFECTS, SOURCES, TRANSFORMS):
        with pytest.raises(TypeError):
            registry["mine"] = next(iter(registry.values()))


def test_a_program_is_lowered_once_and_loaded_then(folder):
    lowered: list[str] = []
    first, second = compiled("one", lowered), compiled("one", lowered)
    assert lowered == ["one"] and len([*folder.iterdir()]) == 1
    arguments = jax.random.key(4), {"x": jnp.ones(3)}
    assert (first(*arguments) == second(*arguments)).all()
    (key, form), _ = second.args_info
    assert form["x"].shape == (3,) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    compiled("two", lowered)
    assert lowered == ["one", "two"] and len([*folder.iterdir()]) == 2


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_again(folder, damage):
    lowered: list[str] = []
    compiled("one", lowered)
    path = file_of("one", DEVICES)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    program = compiled("one", lowered)
    assert lowered == ["one", "one"] and program(jax.random.key(0), {"x": jnp.zeros(3)}).shape == (3,)
    compiled("one", lowered)
    assert lowered == ["one", "one"]


def test_where_nothing_is_to_be_kept_nothing_is(folder):
    jax.config.update("jax_enable_compilation_cache", False)
    try:
        lowered: list[str] = []
        compiled("one", lowered)
        compiled("one", lowered)
        assert lowered == ["one", "one"] and file_of("one", DEVICES) is None and not folder.exists()
    finally:
        jax.config.update("jax_enable_compilation_cache", True)


def test_a_folder_that_cannot_be_written_is_no_error(folder):
    Path(folder).write_text("a file where the folder should be", encoding="utf-8")
    assert compiled("one", [])(jax.random.key(0), {"x": jnp.zeros(3)}).shape == (3,)


def test_what_comes_from_the_cache_of_jax_is_not_written_again(folder):
    """It would lack functions: JAX has the program from a time when it had no file of its own."""
    seconds = jax.config.jax_persistent_cache_min_compile_time_secs
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    try:

        def lower():
            return jax.jit(lambda x: jax.lax.fori_loop(0, 3, lambda i, x: x @ x + jnp.cos(x), x)).lower(jnp.ones((2, 2)))

        lower().compile()
        jax.clear_caches()
        compile_program("found", lower, DEVICES)
        assert not file_of("found", DEVICES).exists()
    finally:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", seconds)


def test_a_setting_of_jax_has_files_of_its_own(folder):
    before = file_of("one", DEVICES)
    with jax.enable_x64(True):
        assert file_of("one", DEVICES) != before
    assert file_of("one", DEVICES) == before


def test_one_of_many_compiles_and_the_others_load(folder):
    lowered: list[str] = []
    seconds = jax.config.jax_persistent_cache_min_compile_time_secs
    with ThreadPoolExecutor(4) as threads:
        programs = [*threads.map(lambda name: compiled(name, lowered), ["one", "two"] * 2)]
    assert sorted(lowered) == ["one", "two"] and len([*folder.iterdir()]) == 2
    results = [program(jax.random.key(4), {"x": jnp.ones(3)}) for program in programs]
    assert all((result == results[0]).all() for result in results)
    assert jax.config.jax_persistent_cache_min_compile_time_secs == seconds
