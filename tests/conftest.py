import os
from collections.abc import Iterator
from pathlib import Path

import jax
import pytest

from plurel_prob import Prior, get_prior
from plurel_prob.compiled.compilation import unload

# compiled programs are kept between test runs and workers; processes that tests start find them, too
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(Path(__file__).parent.parent / "out" / "test-programs")
os.environ["HF_HUB_OFFLINE"] = "1"  # what is on no disk here is missing, at once
jax.config.update("jax_compilation_cache_dir", os.environ["JAX_COMPILATION_CACHE_DIR"])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 1.0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the files that take longest first, so that no worker waits for the other at the end."""
    longest = ["test_sampling.py", "test_readme.py", "test_readme_examples.py", "test_database.py", "test_cli.py"]
    items.sort(key=lambda item: longest.index(item.path.name) if item.path.name in longest else len(longest))


@pytest.fixture(scope="module", autouse=True)
def unload_programs() -> Iterator[None]:
    """Unload compiled programs after each module: one takes about a thousand memory maps, of which a process has 65,530."""
    yield
    unload()
    jax.clear_caches()


@pytest.fixture(scope="session")
def small_prior() -> Prior:
    """Small tables, schemas of every graph family."""
    return get_prior(Path(__file__).parent / "priors" / "small.toml")
