"""``plurel-prob pretrain --network cells``."""

from pathlib import Path
from typing import Any

from plurel_prob.cli.output import PlainConsole
from plurel_prob.cli.pretraining.bars import STREAM, training_bar
from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.cells import training
from plurel_prob.rfm.cells.training import Data, StreamData, TaskData, TrainingConfig, check_held_out, folder_data


def train(
    priors: list[str],
    data: list[str],
    first_seed: int,
    validation: list[Path] | None,
    out: Path,
    settings: dict[str, Any],
    run: dict[str, Any],
    *,
    context_length: int | None,
    masked: int | None,
    task: str | None,
    text_encoder: str | None,
) -> None:
    """Train a network of cells."""
    if len(priors) > 1:
        raise DatabaseError(f"--prior {' '.join(priors)}: several belong to --network rows; give one")
    length = context_length or 256
    n_masked = masked or (1 if task else max(1, length // 8))
    config = TrainingConfig(**settings, context_length=length, n_masked=n_masked, text_encoder=text_encoder or "hashed")
    console = PlainConsole(stderr=True)
    with console.status("reading databases"):
        source = open_data(data, task, priors[0], first_seed, config)
        held_out = None if validation is None else folder_data(validation, length)
        if held_out is not None:
            check_held_out(source, held_out, config.n_step)
    with training_bar(console, config.n_step, "cells") as show:
        training.train(source, out, config, validation=held_out, on_step=show, **run)
    PlainConsole().print(f"Written to {out}. Evaluate it: plurel-prob evaluate FOLDER --checkpoint {out}", soft_wrap=True)


def open_data(data: list[str], task: str | None, prior: str, first_seed: int, config: TrainingConfig) -> Data:
    """Return what batches come from.

    Raises:
        DatabaseError: options contradict each other, or a database cannot be read.
    """
    length, n_masked = config.context_length, config.n_masked
    if task is not None:
        if len(data) != 1 or data[0] == STREAM:
            raise DatabaseError(f"--task {task}: needs the folder of one database in --data")
        if n_masked > 1:
            raise DatabaseError(f"--masked {n_masked}: a task has one masked cell a context")
        return TaskData(Path(data[0]), task, length)
    if STREAM in data:
        if len(data) > 1:
            raise DatabaseError(f"--data: give {STREAM}, or folders, not both")
        return StreamData(prior, length, n_masked, first_seed=first_seed)
    return folder_data([Path(path) for path in data], length, n_masked)
