"""What studies that train networks of rows have in common: tasks of databases, kept on disk; runs; losses on drawn tasks.

A network of rows is trained on tasks. So that the number of databases and the number of rows seen are apart, each database gives
:data:`N_TASK` tasks, however long a run is, and labels are those of the databases alone, none is a random function of features.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plurel_prob.files import whole_file
from plurel_prob.rfm.rows.network import RowNetwork
from plurel_prob.rfm.rows.training import (
    HELD_OUT_SEED,
    Fresh,
    Recipe,
    RowData,
    RowTrainingConfig,
    Stored,
    TrainingDatabases,
    ValidationTasks,
)
from plurel_prob.rfm.rows.training.tasks import TaskRows, tasks_of

PACKAGES = ("jax", "jaxlib", "equinox", "optax", "numpy")
N_TASK, N_ROW, N_FEATURE = 20, 600, 96  # of a database: tasks; of a task: rows, and features, a sample of those it has
FIRST_SEED, SEEDS_APART = 2_000_000, 10_000  # databases that are trained on, by the seed of a run
N_HELD_OUT, N_VALIDATION = 100, 192  # databases of each prior that are held out, and their tasks
RECIPE = Recipe(relabelled=0.0, classes=0.0, tasks_per_database=N_TASK)


@dataclass(frozen=True)
class Pool:
    """Tasks of databases, each database's made once and kept in a file.

    Attributes:
        databases: by number.
        folder: of the files.
    """

    databases: TrainingDatabases
    folder: Path

    def tasks(self, i: int) -> list[TaskRows]:
        """Tasks of database ``i``."""
        path = self.folder / f"{i}.npz"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as new:
                _save(new, self._made(i))
        return _load(path)

    def _made(self, i: int) -> list[TaskRows]:
        rng = np.random.default_rng(i)
        return [_narrowed(task, rng) for task in tasks_of(self.databases.tables(i), N_TASK, N_ROW, rng)]


def _narrowed(task: TaskRows, rng: np.random.Generator) -> TaskRows:
    """The task with some of its features."""
    kept = np.sort(rng.permutation(task.x.shape[1])[:N_FEATURE])
    return TaskRows(task.source, task.kind, task.x[:, kept], task.y, task.n_before)


def _save(path: Path, tasks: list[TaskRows]) -> None:
    about = [[task.source, task.kind, task.n_before] for task in tasks]
    parts = {f"{name}{k}": getattr(task, name) for k, task in enumerate(tasks) for name in ("x", "y")}
    with path.open("wb") as file:
        np.savez(file, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **parts)


def _load(path: Path) -> list[TaskRows]:
    with np.load(path, allow_pickle=False) as parts:
        about = json.loads(parts["about"].tobytes())
        return [TaskRows(of[0], of[1], parts[f"x{k}"], parts[f"y{k}"], of[2]) for k, of in enumerate(about)]


def drawn_pool(prior: str, folder: Path, first_seed: int) -> Pool:
    """Tasks of databases that are drawn from a prior, the first with a seed."""
    return Pool(Fresh([prior], first_seed), folder / f"{prior}-{first_seed}")


def training_pool(prior: str, folder: Path, seed: int) -> Pool:
    """Tasks of the databases that runs with a seed are trained on."""
    return drawn_pool(prior, folder, FIRST_SEED + SEEDS_APART * seed)


def stored_pool(name: str, folders: Sequence[Path], folder: Path) -> Pool:
    """Tasks of databases in folders, in their order."""
    return Pool(InOrder(folders), folder / name)


class InOrder(Stored):
    """Databases in folders, in the order that is given."""

    def tables(self, i: int) -> dict:
        """Read database ``i``."""
        from plurel_prob.rfm.rows.training.databases import read_known

        return read_known(self.folders[i])


def data_of(pool: Pool, n_database: int, recipe: Recipe = RECIPE) -> RowData:
    """Batches of the tasks of the first databases of a pool, in an order that each pass over them draws anew."""

    def make(seed: int, i: int) -> list[TaskRows]:
        n_pass, place = divmod(i, n_database)
        return pool.tasks(int(np.random.default_rng((seed, n_pass)).permutation(n_database)[place]))

    data = RowData(pool.databases, recipe, make)
    data.description = f"{n_database} of {pool.databases.description}, {N_TASK} tasks each"
    return data


def held_out_tasks(prior: str, pools: Path, config: RowTrainingConfig) -> ValidationTasks:
    """Tasks of databases of a prior that no run is trained on, the same for all runs."""
    recipe = Recipe(relabelled=0.0, classes=0.0, tasks_per_database=max(1, N_VALIDATION // N_HELD_OUT))
    return ValidationTasks(data_of(drawn_pool(prior, pools, HELD_OUT_SEED), N_HELD_OUT, recipe), config, N_VALIDATION)


def held_out_losses(held_out: dict[str, ValidationTasks], model: RowNetwork) -> dict[str, dict[str, float]]:
    """Losses of a network, and of the untrained one, on the tasks of each prior, by kind of task."""
    return {prior: tasks.figures(model) for prior, tasks in held_out.items()}


def config_of(args: argparse.Namespace, size: str, n_step: int, seed: int) -> RowTrainingConfig:
    """Settings of a run, without predictions in closed form."""
    return RowTrainingConfig(
        size=size,
        experts=False,
        n_step=n_step,
        relabelled=RECIPE.relabelled,
        classes=RECIPE.classes,
        tasks_per_database=RECIPE.tasks_per_database,
        learning_rate=args.learning_rate,
        seed=seed,
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of all these studies."""
    parser.add_argument("--pools", type=Path, required=True, help="folder for tasks of databases")
    parser.add_argument("--runs", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--out", type=Path, required=True, help="file of results")
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="when no other run is begun")
