"""Runs of training, in a folder of their own."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from plurel_prob.corpora import Folder
from plurel_prob.databases import DatabaseError
from plurel_prob.rfm.contexts import Batch
from plurel_prob.rfm.network import RelationalTransformer, TextEncoder, text_encoder, tiles_of
from plurel_prob.rfm.training.checkpoints import CHECKPOINTS, Checkpoints, last_step
from plurel_prob.rfm.training.config import CONFIG, TrainingConfig
from plurel_prob.rfm.training.data import Data, FolderData
from plurel_prob.rfm.training.logs import Log
from plurel_prob.rfm.training.steps import State, initial_state, prepare, step_of
from plurel_prob.rfm.training.texts import TextTable
from plurel_prob.rfm.training.validation import Validation

N_AHEAD = 2  # batches that are made while the network is busy
N_PILOT = 4  # batches that decide how many tiles there is room for


class Run(NamedTuple):
    """A trained network and what it was trained with."""

    model: RelationalTransformer
    config: TrainingConfig
    encoder: TextEncoder


def train(
    data: Data,
    out: Path,
    config: TrainingConfig,
    *,
    init: Path | RelationalTransformer | None = None,
    validation: FolderData | None = None,
    checkpoint_every: int = 500,
    log_every: int = 10,
    on_step: Callable[[int, dict[str, float]], None] | None = None,
) -> Run:
    """Train a network, or go on where a run that was interrupted has its last checkpoint: the losses are the same.

    The folder gets ``config.json``, ``log.jsonl`` (loss, norm of the gradient, cells a second), ``tensorboard/``, and
    ``checkpoints/``.

    Args:
        data: what batches come from.
        out: folder of the run.
        config: settings; those of a run that goes on must be the same.
        init: network whose weights are the first of this run, or the folder of another run, whose last weights are.
        validation: databases that are held out; their loss is in the log at every checkpoint.
        checkpoint_every: steps between checkpoints.
        log_every: steps between lines of the log; figures are means over them.
        on_step: called with the step and the figures of the log whenever a line is written.

    Raises:
        DatabaseError: the folder is another run's, or ``init`` is no run of a network of this size.
    """
    with Folder(out).writing(), Checkpoints(out) as checkpoints:
        config = _settled(data, out, config)
        encoder = text_encoder(config.text_encoder)
        state = initial_state(config, encoder.dim, _model_like(init, config))
        first = checkpoints.last() or 0
        if first:
            state = checkpoints.restore(first, state)
        texts, step = TextTable(encoder, data.vocabulary), step_of(config)
        held_out = None if validation is None else Validation(validation, config, encoder)
        told: list[dict[str, Array]] = []  # figures of steps since the last line, on the device: steps do not wait for them
        start = time.perf_counter()
        with closing(Log(out, first)) as log:
            for k, batch in enumerate(_batches(data, config, first), first + 1):
                state, figures = step((prepare(batch, config.n_pair), texts.array()), state)
                told.append(figures)
                is_checkpoint = k % checkpoint_every == 0 or k == config.n_step
                if k % log_every == 0 or is_checkpoint:
                    means = {name: float(np.mean([figures[name] for figures in told])) for name in figures}
                    cells = config.batch_size * config.context_length * len(told) / (time.perf_counter() - start)
                    means["cells_per_s"] = float(round(cells))
                    if is_checkpoint and held_out is not None:
                        means |= held_out.figures(state.model)
                    log.write(k, **means)
                    told, start = [], time.perf_counter()
                    if on_step is not None:
                        on_step(k, means)
                if is_checkpoint:
                    checkpoints.save(k, state)
        return Run(state.model, config, encoder)


def _settled(data: Data, out: Path, config: TrainingConfig) -> TrainingConfig:
    """Settings of the run in a folder: those that it was started with, or new ones."""
    if (out / CONFIG).exists():
        known = TrainingConfig.load(out)
        config.check_same(known, out)
        return known
    if any(path.name != CHECKPOINTS for path in out.iterdir()):
        raise DatabaseError(f"--out {out}: is not empty, and no run of training; choose another folder")
    n_column = n_feature = 1
    for k in range(N_PILOT):
        tiles = tiles_of(data.batch(config.seed, k, config.batch_size))
        n_column, n_feature = max(n_column, tiles.column.shape[1]), max(n_feature, tiles.feature.shape[1])
    config = replace(config, n_pair=(n_column, n_feature))
    config.save(out)
    return config


def _batches(data: Data, config: TrainingConfig, first: int) -> Iterator[Batch]:
    """Batches from ``first`` on, made ahead in a thread."""
    with ThreadPoolExecutor(1, thread_name_prefix="plurel-prob-batches") as thread:
        ahead: deque[Future[Batch]] = deque()
        try:
            for k in range(first, config.n_step):
                while len(ahead) <= N_AHEAD and k + len(ahead) < config.n_step:
                    ahead.append(thread.submit(data.batch, config.seed, k + len(ahead), config.batch_size))
                yield ahead.popleft().result()
        finally:
            thread.shutdown(cancel_futures=True)


def _model_like(init: Path | RelationalTransformer | None, config: TrainingConfig) -> RelationalTransformer | None:
    """Network to start from; the last of a run, if it fits."""
    if not isinstance(init, Path):
        return jax.tree.map(jnp.array, init)  # a copy: training uses up what it is given
    run = load_model(init)
    for name in ("size", "text_encoder"):
        if getattr(run.config, name) != getattr(config, name):
            raise DatabaseError(f"--init {init}: has {name} {getattr(run.config, name)}, not {getattr(config, name)}")
    return run.model


def load_model(path: Path) -> Run:
    """Read the last network of a run.

    Raises:
        DatabaseError: there is none.
    """
    config = TrainingConfig.load(path)
    encoder = text_encoder(config.text_encoder)
    with Checkpoints(path) as checkpoints:
        state: State = checkpoints.restore(last_step(checkpoints, path), initial_state(config, encoder.dim))
    return Run(state.model, config, encoder)
