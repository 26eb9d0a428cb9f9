import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import pytest

from plurel_prob import Prior, get_prior
from plurel_prob.programs.compilation import unload
from plurel_prob.programs.files import check_program_files

# compiled programs are kept between test runs and workers; processes that tests start find them, too
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(Path(__file__).parent.parent / "out" / "test-programs")
os.environ["HF_HUB_OFFLINE"] = "1"  # what is on no disk here is missing, at once
jax.config.update("jax_compilation_cache_dir", os.environ["JAX_COMPILATION_CACHE_DIR"])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 1.0)
check_program_files()  # as commands do, which would take files without a hash for damaged ones, and compile again


# the first two compile the programs that others share, one of each worker; then what takes longest
FIRST = ["test_sampling.py", "models/test_database.py", "test_docs.py", "joint/test_joint.py", "cli/test_rfm.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the files that compile for all, then those that take longest, so that no worker waits for the other at the end."""
    place = {Path(__file__).parent / name: index for index, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.path, len(FIRST)))


def pytest_collection_finish() -> None:
    """Leave what was imported, which stays, out of the collections of garbage: looking at it takes half a second each time."""
    leave_out_of_collections()


def leave_out_of_collections() -> None:
    """Collect garbage, and do not look again at what is not garbage now."""
    gc.collect()
    gc.freeze()


MAX_MAPS = 30_000  # of 65,530 memory maps that a process may have; a program takes about a thousand


@pytest.fixture(scope="module", autouse=True)
def unload_programs() -> Iterator[None]:
    """Unload compiled programs before there are too many; until then, modules share them, and with them all that traces left.

    Programs are compiled by functions that collect garbage, a second each time if they look at the traces of all modules before.
    """
    yield
    maps = Path("/proc/self/maps")
    if not maps.exists() or maps.read_text(encoding="utf-8").count("\n") > MAX_MAPS:
        gc.unfreeze()
        unload()
        jax.clear_caches()
    leave_out_of_collections()


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Puts two small databases, plurel-10 and plurel-11, into a new folder."""
    from plurel_prob.cli.run import run
    from tests.models.tiny import PLUREL

    drawn = tmp_path_factory.mktemp("drawn") / "out"

    def put(folder: Path) -> None:
        if not drawn.exists():
            assert run(["sample", "--seed", "10", "--count", "2", "--prior", str(PLUREL), "--out", str(drawn)]) == 0
        shutil.copytree(drawn, folder)

    return put


@pytest.fixture(scope="session")
def small_prior() -> Prior:
    """Small tables, schemas of every graph family."""
    return get_prior(Path(__file__).parent / "priors" / "small.toml")
