"""What studies that train networks of rows have in common: tasks of databases, kept on disk; runs; losses on drawn tasks.

    python -m experiments.rows --pools out/pools --priors plurel --count 1024

makes tasks of the databases that runs of one seed are trained on, and of those held out; runs make what is missing.

A network of rows is trained on tasks. So that the number of databases and the number of rows seen are apart, each database gives
:data:`N_TASK` tasks, however long a run is, and labels are those of the databases alone, none is a random function of features.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plurel_prob.files import whole_file
from plurel_prob.rfm.rows.features import Tables
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
from plurel_prob.rfm.rows.training.databases import read_known
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
        n_task: tasks of a database.
    """

    databases: TrainingDatabases
    folder: Path
    n_task: int = N_TASK

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
        return [_narrowed(task, rng) for task in tasks_of(self.databases.tables(i), self.n_task, N_ROW, rng)]


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


class InOrder(Stored):
    """Databases in folders, in the order that is given."""

    def tables(self, i: int) -> Tables:
        """Read database ``i``."""
        return read_known(self.folders[i])


def data_of(pool: Pool, n_database: int, recipe: Recipe = RECIPE) -> RowData:
    """Batches of the tasks of the first databases of a pool: in their order, then in one that each pass over them draws anew."""

    def make(seed: int, i: int) -> list[TaskRows]:
        n_pass, place = divmod(i, n_database)
        order = np.random.default_rng((seed, n_pass)).permutation(n_database) if n_pass else np.arange(n_database)
        return pool.tasks(int(order[place]))

    data = RowData(pool.databases, recipe, make)
    data.description = f"{n_database} of {pool.databases.description}, {pool.n_task} tasks each"
    return data


def held_out_pool(prior: str, folder: Path) -> Pool:
    """Tasks of databases of a prior that no run is trained on."""
    return drawn_pool(prior, folder, HELD_OUT_SEED)


def held_out_tasks(pool: Pool, config: RowTrainingConfig, n_database: int = N_HELD_OUT) -> ValidationTasks:
    """Some of the tasks of databases that are held out, the same for all runs."""
    recipe = Recipe(relabelled=0.0, classes=0.0, tasks_per_database=max(1, N_VALIDATION // n_database))
    return ValidationTasks(data_of(pool, n_database, recipe), config, N_VALIDATION)


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


def main() -> None:
    """Make tasks of databases that have none yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pools", type=Path, required=True, help="folder for tasks of databases")
    parser.add_argument("--priors", nargs="+", default=["compact", "plurel", "realistic"])
    parser.add_argument("--count", type=int, default=1024, help="databases of each prior to train on")
    parser.add_argument("--seed", type=int, default=0, help="of the runs that are trained on them")
    args = parser.parse_args()
    for prior in args.priors:
        held_out, training = held_out_pool(prior, args.pools), training_pool(prior, args.pools, args.seed)
        for pool, count in ((held_out, N_HELD_OUT), (training, args.count)):
            for i in range(count):
                print(f"{pool.folder.name}, database {i}: {len(pool.tasks(i))} tasks", flush=True)


if __name__ == "__main__":
    main()
