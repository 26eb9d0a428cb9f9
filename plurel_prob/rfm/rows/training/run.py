"""Runs of training, in folders of their own."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from jaxtyping import Array

from plurel_prob.corpora import CorpusFolder
from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.rows.network import RowNetwork, prepare, save_network
from plurel_prob.rfm.rows.training.config import RowTrainingConfig
from plurel_prob.rfm.rows.training.data import RowData
from plurel_prob.rfm.rows.training.steps import RowTrainingState, initial_state, step_of
from plurel_prob.rfm.rows.training.validation import ValidationTasks
from plurel_prob.rfm.rows.weights import WEIGHTS
from plurel_prob.rfm.runs import (
    Checkpoints,
    TrainingLog,
    check_place,
    check_same,
    made_ahead,
    means_of,
    read_settings,
    save_settings,
    writable,
)

NETWORK = "rows"  # in the file of settings


class RowsRun(NamedTuple):
    """A trained network and what it was trained with."""

    model: RowNetwork
    config: RowTrainingConfig


def train(
    data: RowData,
    out: Path,
    config: RowTrainingConfig,
    *,
    init: Path | None = None,
    validation: RowData | None = None,
    checkpoint_every: int = 500,
    log_every: int = 10,
    on_step: Callable[[int, dict[str, float]], None] | None = None,
) -> RowsRun:
    """Train a network, or go on where a run that was interrupted has its last checkpoint; on a processor with the same losses.

    The folder gets ``config.json``, ``log.jsonl`` (loss, norm of the gradient, rows a second, seconds and processor hours),
    ``tensorboard/``, ``checkpoints/``, and the weights of the last checkpoint, ``rows.safetensors``.

    Args:
        data: what batches come from.
        out: folder of the run.
        config: settings; those of a run that goes on must be the same.
        init: folder of another run, whose last weights are the first of this one.
        validation: databases that are held out; the loss on their tasks is in the log at every checkpoint.
        checkpoint_every: steps between checkpoints.
        log_every: steps between lines of the log; figures are means over them.
        on_step: called with the step and the figures of the log whenever a line is written.

    Raises:
        DatabaseError: the folder is another run's or something else's, ``init`` is no run of a network of this size, there is no
            task that could be learnt, the loss is no number, or the folder cannot be written.
    """
    config = replace(config, data=data.description, init=init.resolve().name if init is not None else "")
    with CorpusFolder(out).writing(), writable(out):
        check_place(out, WEIGHTS)
        with Checkpoints(out) as checkpoints:
            first = checkpoints.last() or 0
            state = initial_state(config, None if first or init is None else _start(init, config))
            if first:
                check_same(config, read_settings(RowTrainingConfig, out, network=NETWORK), out)
                state = checkpoints.restore(first, state)
            else:
                save_settings(config, out, network=NETWORK)
            held_out = None if validation is None or first == config.n_step else ValidationTasks(validation, config)
            make, step = partial(data.batch, config.seed, batch_size=config.batch_size), step_of(config)
            with closing(TrainingLog(out, first)) as log, closing(made_ahead(make, first, config.n_step)) as batches:
                clock, told = _Clock(log.last), list[dict[str, Array]]()
                for k, tasks in enumerate(batches, first + 1):
                    state, figures = step(prepare(tasks.batch), state)
                    told.append(figures)
                    is_checkpoint = k % checkpoint_every == 0 or k == config.n_step
                    if k % log_every == 0 or is_checkpoint:
                        means = means_of(told, k)
                        means |= clock.told(config.n_row * config.batch_size * len(told))
                        if is_checkpoint and held_out is not None:
                            means |= held_out.figures(state.model)
                        log.write(k, **means)
                        told = []
                        if on_step is not None:
                            on_step(k, means)
                    if is_checkpoint:
                        checkpoints.save(k, state)
                        save_network(out / WEIGHTS, state.model, config.as_text() | {"step": str(k)})
    return RowsRun(state.model, config)


class _Clock:
    """Seconds and processor hours of a run, with those of earlier processes."""

    def __init__(self, last: Mapping[str, Any]):
        self._start = self._last = time.perf_counter()
        self._cpu = time.process_time()
        self._before = last.get("seconds", 0.0), last.get("cpu_hours", 0.0)

    def told(self, n_row: int) -> dict[str, float]:
        """Rows a second since the last time, and what the run has taken."""
        now = time.perf_counter()
        rate, self._last = n_row / (now - self._last), now
        seconds, hours = now - self._start, (time.process_time() - self._cpu) / 3600
        times = {"seconds": round(self._before[0] + seconds, 1), "cpu_hours": round(self._before[1] + hours, 5)}
        return {"rows_per_s": round(rate, 1)} | times


def _start(init: Path, config: RowTrainingConfig) -> RowNetwork:
    """Network of another run, if it fits."""
    known = read_settings(RowTrainingConfig, init, network=NETWORK)
    for name in ("size", "experts"):
        if getattr(known, name) != getattr(config, name):
            raise DatabaseError(f"--init {init}: has {name} {getattr(known, name)}, not {getattr(config, name)}")
    return load_run(init).model


def load_run(path: Path) -> RowsRun:
    """Read the last network of a run.

    Raises:
        DatabaseError: there is none, or it cannot be read.
    """
    config = read_settings(RowTrainingConfig, path, network=NETWORK)
    with Checkpoints(path, is_read_only=True) as checkpoints:
        step = checkpoints.last()
        if step is None:
            raise DatabaseError(f"{path}: has no checkpoint yet")
        state: RowTrainingState = checkpoints.restore(step, initial_state(config))
    return RowsRun(state.model, config)
