"""Where batches come from.

Batch k is a function of the data, the seed and k, up to the numbers of texts, so that a run can start again anywhere.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from plurel_prob.corpora.folders import read_provenance
from plurel_prob.databases.disk import PROVENANCE
from plurel_prob.errors import DatabaseError
from plurel_prob.priors import Prior, get_prior
from plurel_prob.rfm.cells.contexts import Batch, ContextSampler, RelationalData, Vocabulary, relational_data, task_targets
from plurel_prob.rfm.cells.contexts.sampler import n_slot_of

FIRST_SEED = 1_000_000  # of a stream: far from those that are drawn by hand, and may be held out
N_SLOT = 8  # foreign keys that batches of a stream have room for, so that programs stay the same


@runtime_checkable
class Data(Protocol):
    """Batches by number."""

    vocabulary: Vocabulary
    description: str  # two that give the same batches have the same

    def batch(self, seed: int, k: int, batch_size: int) -> Batch:
        """Batch ``k``."""


class FolderData:
    """Cells of all columns of some databases; of those that were not drawn, rows up to the validation timestamp.

    Raises:
        DatabaseError: a database cannot be read.
    """

    def __init__(self, folders: Sequence[Path], context_length: int, n_masked: int = 1):
        self.vocabulary = Vocabulary()
        databases = [read_for_pretraining(folder, self.vocabulary) for folder in folders]
        self.sampler = ContextSampler(databases, context_length, n_masked=n_masked)
        self.folders = [folder.resolve() for folder in folders]
        self.description = f"{len(folders)} databases: {', '.join(folder.name for folder in self.folders)}"

    def batch(self, seed: int, k: int, batch_size: int) -> Batch:
        """Batch ``k``: a database, a column and a row are drawn for each context."""
        return self.sampler.pretraining_batch(seed, k, batch_size)


def read_for_pretraining(folder: Path, vocabulary: Vocabulary) -> RelationalData:
    """Read a database; rows after the validation timestamp are kept out of it if it was not drawn."""
    until = None if (folder / PROVENANCE).exists() else "val"
    return relational_data(folder, vocabulary=vocabulary, until=until)


class TaskData:
    """Labels of a split of a task, in an order that each pass draws anew.

    Raises:
        DatabaseError: the split has no labels, or see :func:`plurel_prob.rfm.cells.contexts.task_targets`.
    """

    def __init__(self, folder: Path, task: str, context_length: int, split: str = "train"):
        self.vocabulary = Vocabulary()
        database, self.targets = task_targets(folder, task, split, vocabulary=self.vocabulary)
        self.sampler = ContextSampler([database], context_length)
        self.description = f"task {task} of {folder.resolve().name}" + (f", {split}" if split != "train" else "")
        if not len(self.targets.row):
            raise DatabaseError(f"{folder}: task {task} has no labels in the split {split}")

    def batch(self, seed: int, k: int, batch_size: int) -> Batch:
        """Batch ``k`` of the passes, one after another."""
        n = len(self.targets.row)
        place = k * batch_size + np.arange(batch_size)
        orders = {int(i): np.random.default_rng((seed, int(i))).permutation(n) for i in np.unique(place // n)}
        idx = np.array([orders[int(i)][j] for i, j in zip(place // n, place % n, strict=True)])
        return self.sampler.batch(self.targets, idx, seed + k)


class StreamData:
    """Cells of fresh databases: some are at hand at a time, and every few batches the oldest makes way for the next seed.

    Args:
        prior: see :func:`plurel_prob.sample`.
        context_length: cells of a context.
        n_masked: of these that are predicted.
        first_seed: seed of the first database; the next ones follow.
        n_database: databases at hand.
        n_batch: batches until the next database comes; each takes part in ``n_database * n_batch``.
    """

    def __init__(
        self,
        prior: Prior | str | Path,
        context_length: int,
        n_masked: int = 1,
        *,
        first_seed: int = FIRST_SEED,
        n_database: int = 16,
        n_batch: int = 16,
    ):
        self.prior, self.first_seed = get_prior(prior), first_seed
        self.context_length, self.n_masked = context_length, n_masked
        self.n_database, self.n_batch, self.vocabulary = n_database, n_batch, Vocabulary()
        self.description = f"stream of {self.prior.name} {self.prior.fingerprint} from seed {first_seed}"
        self._drawn: dict[int, RelationalData] = {}

    def batch(self, seed: int, k: int, batch_size: int) -> Batch:
        """Batch ``k``, of the databases that are at hand then."""
        oldest = k // self.n_batch
        window = range(oldest, oldest + self.n_database)
        for i in window:
            if i not in self._drawn:
                self._drawn[i] = self._draw(i)
        for i in set(self._drawn) - set(window):
            del self._drawn[i]
        databases = [self._drawn[i] for i in window]
        n_slot = n_slot_of(databases, N_SLOT)
        sampler = ContextSampler(databases, self.context_length, n_slot=n_slot, n_masked=self.n_masked)
        return sampler.pretraining_batch(seed, k, batch_size)

    def _draw(self, i: int) -> RelationalData:
        from plurel_prob.sampling import sample

        return relational_data(sample(self.first_seed + i, self.prior), vocabulary=self.vocabulary)


def check_held_out(data: Data, validation: FolderData, n_step: int) -> None:
    """Refuse databases that are held out and trained on.

    Raises:
        DatabaseError: there are some.
    """
    both: list[Path] = []
    if isinstance(data, FolderData):
        both = [folder for folder in validation.folders if folder in data.folders]
    if isinstance(data, StreamData):
        last = data.first_seed + data.n_database + n_step // data.n_batch
        drawn = {folder: read_provenance(folder) for folder in validation.folders if (folder / PROVENANCE).exists()}
        same = {folder: origin["seed"] for folder, origin in drawn.items() if origin["fingerprint"] == data.prior.fingerprint}
        both = [folder for folder, seed in same.items() if seed in range(data.first_seed, last)]
    if both:
        raise DatabaseError(f"--validation: {both[0]} is trained on, too; hold out others")


def folder_data(paths: Sequence[Path], context_length: int, n_masked: int = 1) -> FolderData:
    """Data of folders of databases, and of databases.

    Raises:
        DatabaseError: a folder has none, or one cannot be read.
    """
    from plurel_prob.corpora import CorpusFolder

    folders = [path / name for path in paths for name in CorpusFolder(path).databases()]
    return FolderData(folders, context_length, n_masked)
