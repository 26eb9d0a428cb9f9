"""What a corpus is: databases in one place, each of them complete or not there."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from plurel_prob.databases.disk import MANIFEST, PROVENANCE
from plurel_prob.databases.provenance import check_provenance
from plurel_prob.errors import DatabaseError
from plurel_prob.priors import Prior

NEEDED = {"fingerprint", "seed", "given", "by_hand", "files"}  # in a provenance


class Corpus(ABC):
    """Databases in one place, named ``plurel-<seed>``. It can be pickled: every worker opens its own."""

    @abstractmethod
    def writing(self, *, is_shared: bool = False) -> AbstractContextManager[None]:
        """Prepare the place for a run that writes.

        Args:
            is_shared: let other shards of the same databases write there, too.

        Raises:
            DatabaseError: it cannot be written, or another run writes there.
        """

    @abstractmethod
    def left_to_draw(self, seeds: Iterable[int], prior: Prior) -> list[int]:
        """Seeds whose databases are not yet there.

        Raises:
            DatabaseError: a database of that name is not complete, or is another one.
        """

    @abstractmethod
    def placing(self, seed: int, *, overwrite: bool) -> AbstractContextManager[Path]:
        """Give a path to write the database of a seed to; it is in its place when the block ends well.

        Raises:
            DatabaseError: it cannot be put there.
        """

    @abstractmethod
    def databases(self) -> list[str]:
        """Names of the databases, by seed.

        Raises:
            DatabaseError: there is none.
        """

    @abstractmethod
    def leftovers(self) -> list[str]:
        """What runs that were killed have left, each with what to do about it."""

    @abstractmethod
    def reading(self, name: str) -> AbstractContextManager[Path]:
        """Give a folder with the files of a database."""

    @abstractmethod
    def next_step(self, seed: int) -> str:
        """What to do with databases that have been drawn, one of which has this seed."""


def check_content(content: Any, where: str) -> dict[str, Any]:
    """Return what a provenance says if it says enough.

    Raises:
        DatabaseError: it does not, or see :func:`plurel_prob.databases.provenance.check_provenance`.
    """
    missing = NEEDED - set(check_provenance(content, f"{where}/{PROVENANCE}"))
    if missing:
        hint = "it was written by an earlier version: draw it again"
        raise DatabaseError(f"{where}/{PROVENANCE}: has no {sorted(missing)[0]!r}; {hint}")
    return dict(content)


def check_complete(where: str, content: dict[str, Any], sizes: Mapping[str, int], seed: int, fingerprint: str) -> None:
    """Make sure that a database is the one of a seed and a prior, and has all files.

    Raises:
        DatabaseError: it is not.
    """
    problems = list(missing_files(content, sizes))
    if problems:
        raise DatabaseError(f"{where}/{problems[0]}; use --overwrite, or delete {where}: it is drawn again then")
    check_origin(where, content, seed, fingerprint)


def check_origin(where: str, content: dict[str, Any], seed: int, fingerprint: str) -> None:
    """Make sure that a database is the one of a seed and a prior.

    Raises:
        DatabaseError: it is not.
    """
    same = content["fingerprint"] == fingerprint and content["seed"] == seed
    if not same or content["given"] or content["by_hand"]:
        raise DatabaseError(f"{where} exists and was drawn from another prior; use --overwrite to replace, or another --out")


def missing_files(content: dict[str, Any], sizes: Mapping[str, int]) -> Iterator[str]:
    """Files of a database that are missing or have another size, with what is wrong.

    Args:
        content: what its provenance says.
        sizes: bytes of the files that are there.
    """
    for name, file in content["files"].items():
        if name not in sizes:
            yield f"{name}: is missing"
        elif sizes[name] != file["bytes"]:
            yield f"{name}: has {sizes[name]:,} bytes instead of {file['bytes']:,}"


def check_any(names: Iterable[str], where: str) -> list[str]:
    """Sort names of databases by seed.

    Raises:
        DatabaseError: there is none.
    """
    found = sorted(names, key=lambda name: (len(name), name))
    if not found:
        raise DatabaseError(f"{where}: has no databases (plurel-0, ...); is it a folder that `plurel-prob sample` wrote into?")
    return found


def is_database(names: Iterable[str]) -> bool:
    """Whether files of these names are those of one database."""
    return not {MANIFEST, PROVENANCE}.isdisjoint(names)
