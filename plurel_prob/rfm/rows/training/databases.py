"""Databases that tasks are made of, by number."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from plurel_prob.corpora.folders import read_provenance
from plurel_prob.databases.disk import PROVENANCE
from plurel_prob.databases.manifest import read_manifest, splits_of
from plurel_prob.databases.stored import open_tables
from plurel_prob.errors import DatabaseError
from plurel_prob.priors import Prior, get_prior
from plurel_prob.rfm.columns import NEVER, microsecond
from plurel_prob.rfm.rows.features import Tables, read_tables

FIRST_SEED = 1_000_000  # of a stream: far from those that are drawn by hand, and may be held out
HELD_OUT_SEED = 500_000  # of fresh databases that are held out


@runtime_checkable
class TrainingDatabases(Protocol):
    """Databases without end, by number."""

    description: str  # two that are the same have the same

    def tables(self, i: int) -> Tables:
        """Database ``i``."""


class Fresh:
    """Databases that are drawn from priors in turn.

    Args:
        priors: see :func:`plurel_prob.sample`.
        first_seed: seed of the first database; the next ones follow.
    """

    def __init__(self, priors: Sequence[Prior | str | Path], first_seed: int = FIRST_SEED):
        self.priors, self.first_seed = [get_prior(prior) for prior in priors], first_seed
        names = ", ".join(f"{prior.name} {prior.fingerprint}" for prior in self.priors)
        self.description = f"stream of {names} from seed {first_seed}"

    def tables(self, i: int) -> Tables:
        """Draw database ``i``, on a processor: it draws one at a time faster than an accelerator, which the network has."""
        import jax

        from plurel_prob.programs.structure import processor
        from plurel_prob.sampling import sample

        with jax.default_device(processor()):
            database = sample(self.first_seed + i, self.priors[i % len(self.priors)])
        return read_tables(database.tables, database.schema.tables, NEVER)


class Stored:
    """Databases in folders, in an order that each pass draws anew; of those that were not drawn, rows up to the validation time.

    Raises:
        DatabaseError: there is none.
    """

    def __init__(self, folders: Sequence[Path]):
        if not folders:
            raise DatabaseError("there is no database to train on")
        self.folders = [folder.resolve() for folder in folders]
        self.description = f"{len(folders)} databases: {', '.join(folder.name for folder in self.folders)}"

    def tables(self, i: int) -> Tables:
        """Read database ``i``.

        Raises:
            DatabaseError: it cannot be read.
        """
        n_pass, place = divmod(i, len(self.folders))
        return read_known(self.folders[np.random.default_rng(n_pass).permutation(len(self.folders))[place]])


def read_known(folder: Path) -> Tables:
    """Read a database; of one that was not drawn, no row after the validation time ever comes."""
    frames, schemas = open_tables(folder)
    if (folder / PROVENANCE).exists():
        return read_tables(frames, schemas, NEVER)
    val = microsecond(splits_of(read_manifest(folder), folder)[0])
    tables = read_tables(frames, schemas, val)
    return {name: replace(table, time=np.where(table.time > val, NEVER, table.time)) for name, table in tables.items()}


def stored(paths: Sequence[Path]) -> Stored:
    """Databases of folders of databases, and of databases.

    Raises:
        DatabaseError: a folder has none.
    """
    from plurel_prob.corpora import CorpusFolder

    return Stored([path / name for path in paths for name in CorpusFolder(path).databases()])


def check_held_out(databases: TrainingDatabases, held_out: TrainingDatabases, n_database: int) -> None:
    """Refuse databases that are held out and trained on.

    Args:
        databases: that are trained on.
        held_out: that are not.
        n_database: how many of a stream are drawn.

    Raises:
        DatabaseError: there are some.
    """
    both: list[Path] = []
    if isinstance(held_out, Stored) and isinstance(databases, Stored):
        both = [folder for folder in held_out.folders if folder in databases.folders]
    if isinstance(held_out, Stored) and isinstance(databases, Fresh):
        seeds = range(databases.first_seed, databases.first_seed + n_database)
        drawn = {folder: read_provenance(folder) for folder in held_out.folders if (folder / PROVENANCE).exists()}
        prints = {prior.fingerprint for prior in databases.priors}
        both = [folder for folder, of in drawn.items() if of["fingerprint"] in prints and of["seed"] in seeds]
    if both:
        raise DatabaseError(f"--validation: {both[0]} is trained on, too; hold out others")
