from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fuzz.runner import Runner
from tests.fuzz.sources import SOURCES
from tests.fuzz.surroundings import Surroundings


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


@pytest.fixture(scope="session")
def valid() -> dict[str, Path]:
    """Folders of valid examples that were made."""
    return {}


@pytest.fixture
def make(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, runner: Runner, valid: dict[str, Path]
) -> Callable[[str], Surroundings]:
    """Make the surroundings of a source."""

    def surroundings(source: str) -> Surroundings:
        if source not in valid:
            valid[source] = tmp_path_factory.mktemp(source) / "source"
            valid[source].mkdir()
            SOURCES[source](valid[source], runner)
        return Surroundings(tmp_path, valid[source], runner)

    return surroundings
