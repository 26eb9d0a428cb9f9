"""Files of compiled programs: damaged ones are made again, once."""

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from plurel_prob.programs.files import CheckedFiles
from tests.test_sampling import run

PROGRAM = """
import pathlib
import jax, jax.numpy as jnp
from jax.experimental.compilation_cache.compilation_cache import reset_cache
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
found = []
jax.monitoring.register_event_listener(lambda event, **_: found.append(event.rpartition("/")[2]))
value = jnp.ones((2, 2))

def compile():
    reset_cache()
    jax.clear_caches()
    found.clear()
    jax.jit(lambda x: x @ x + jnp.cos(x))(value)
    print(found.count("cache_hits"), found.count("cache_misses"))

compile()  # JAX opens its cache, without check
from plurel_prob.programs.files import use_compilation_cache
use_compilation_cache()
compile()
compile()
[path] = pathlib.Path(jax.config.jax_compilation_cache_dir).glob("jit__lambda-*-cache")
content = path.read_bytes()
path.write_bytes(content[:99] + bytes([content[99] ^ 4]) + content[100:])
compile()
compile()
"""
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a bit of the program": lambda content: content[:99] + bytes([content[99] ^ 4]) + content[100:],
    "a bit of the hash": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "half": lambda content: content[: len(content) // 2],
    "all": lambda content: b"",
    "more": lambda content: content + b"more",
}


def test_a_damaged_program_is_made_again_once(tmp_path: Path) -> None:
    done = run("-W", "error", "-c", PROGRAM, env={"JAX_COMPILATION_CACHE_DIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    counts = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert counts == [(0, 1), (0, 1), (1, 0), (0, 1), (1, 0)]  # found, made


class Folder:
    def __init__(self, path: Path):
        self._path = path

    def get(self, key: str) -> bytes | None:
        path = self._path / f"{key}-cache"
        return path.read_bytes() if path.exists() else None

    def put(self, key: str, value: bytes) -> None:
        (self._path / f"{key}-cache").write_bytes(value)


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_not_written_so_is_removed(tmp_path: Path, damage: str) -> None:
    files, path = CheckedFiles(Folder(tmp_path)), tmp_path / "key-cache"
    value = zlib.compress(bytes(range(256)) * 9)
    assert files.get("key") is None
    files.put("key", value)
    content = path.read_bytes()
    assert files.get("key") == value and zlib.decompress(content) == zlib.decompress(value)
    path.write_bytes(DAMAGES[damage](content))
    assert files.get("key") is None and not path.exists()
    path.write_bytes(value)  # as JAX writes it
    assert files.get("key") is None and not path.exists()
