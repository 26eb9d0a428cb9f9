"""Corpora in folders of a file system."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plurel_prob.corpora.corpus import Corpus, check_any, check_complete, check_content, is_database
from plurel_prob.databases import provenance
from plurel_prob.errors import DatabaseError, reason
from plurel_prob.files import check_no_link, leftovers, marked_folder, tidy, within
from plurel_prob.priors import Prior

UNMARKED = (".plurel-*.partial-*", ".plurel-*.old-*")  # names that earlier releases gave to what was in the making


@dataclass(frozen=True)
class CorpusFolder(Corpus):
    """A folder of databases, or of one: a database appears there complete, by renaming its folder."""

    path: Path

    @contextmanager
    def writing(self, *, is_shared: bool = False) -> Iterator[None]:
        """Make the folder and keep other runs from writing into it meanwhile; remove what killed runs have left there.

        The operating system lifts the lock when the process ends, however it ends. There is none on Windows, nor on file systems
        that know no locks.
        """
        try:
            Path(os.path.realpath(self.path)).mkdir(parents=True, exist_ok=True)
            with marked_folder(self.path):  # whether one can write there
                pass
        except OSError as error:
            raise DatabaseError(f"--out {self.path}: cannot write there: {reason(error)}") from None
        lock = _lock(self.path, is_shared)
        try:
            tidy(self.path)
            yield
        finally:
            tidy(self.path)  # what workers of this run have left that were killed
            if lock is not None:
                os.close(lock)

    def left_to_draw(self, seeds: Iterable[int], prior: Prior) -> list[int]:
        """Seeds whose databases are not yet in the folder."""
        return [seed for seed in seeds if not _is_complete(self.path / f"plurel-{seed}", seed, prior.fingerprint)]

    @contextmanager
    def placing(self, seed: int, *, overwrite: bool) -> Iterator[Path]:
        """Give the database's own path: what writes there makes it appear complete, and replaces what is there if it may."""
        path = self.path / f"plurel-{seed}"
        check_no_link(path)
        yield path

    def databases(self) -> list[str]:
        """Names of the folders of databases; ``.`` if the folder is one itself."""
        if not self.path.is_dir():
            raise DatabaseError(f"{self.path}: no such folder")
        if is_database(file.name for file in self.path.iterdir()):
            return ["."]
        return check_any((folder.name for folder in self.path.glob("plurel-*") if folder.is_dir()), str(self.path))

    def leftovers(self) -> list[str]:
        """What killed runs have left in the folder."""
        what_to_do = f"left by a run that was killed; `plurel-prob sample --out {self.path}` removes it"
        found = [f"{folder.name}: {what_to_do}" for folder in leftovers(self.path)]
        unmarked = sorted(folder.name for pattern in UNMARKED for folder in self.path.glob(pattern))
        return [*found, *(f"{name}: may be left by an earlier release; look, and delete it yourself" for name in unmarked)]

    @contextmanager
    def reading(self, name: str) -> Iterator[Path]:
        """Give the folder of a database."""
        yield self.path / name

    def next_step(self, seed: int) -> str:
        """Look at a database."""
        return f"Written to {self.path}. Look at one: plurel-prob describe {self.path / f'plurel-{seed}'}"


def _lock(folder: Path, is_shared: bool) -> int | None:
    """Lock a folder, alone, or with other shards if it is shared; return the open folder that holds the lock."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise DatabaseError(f"--out {folder}: another run is writing there; wait for it, or use another --out") from None
    except OSError:  # a file system without locks
        os.close(handle)
        return None
    return handle


def _is_complete(path: Path, seed: int, fingerprint: str) -> bool:
    if not path.exists():
        return False
    content = read_provenance(path)
    check_complete(str(path), content, sizes_of(path, content), seed, fingerprint)
    return True


def read_provenance(path: Path) -> dict[str, Any]:
    """What a database says about its origin and its files.

    Raises:
        DatabaseError: it says nothing, or not enough.
    """
    return check_content(provenance.read_provenance(path), str(path))


def sizes_of(path: Path, content: dict[str, Any]) -> Mapping[str, int]:
    """Bytes of those files of a database that are there.

    Raises:
        DatabaseError: one is not within its folder.
    """
    files = {name: within(path, name) for name in content["files"]}
    return {name: file.stat().st_size for name, file in files.items() if file.exists()}
