"""Runs of training, in a folder of their own."""

import shlex
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from plurel_prob.corpora import CorpusFolder
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.rfm.cells.network import HASHED, RelationalTransformer, TextEncoder, text_encoder, tiles_of
from plurel_prob.rfm.cells.training.config import TrainingConfig
from plurel_prob.rfm.cells.training.data import Data, FolderData
from plurel_prob.rfm.cells.training.steps import CellTrainingState, check_shares, initial_state, prepare, step_of
from plurel_prob.rfm.cells.training.texts import TextTable
from plurel_prob.rfm.cells.training.validation import ValidationCells
from plurel_prob.rfm.runs import Checkpoints, TrainingLog, check_place, made_ahead, means_of, writable

N_PILOT = 4  # batches that decide how many tiles there is room for


class CellsRun(NamedTuple):
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
) -> CellsRun:
    """Train a network, or go on where a run that was interrupted has its last checkpoint; on a processor with the same losses.

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
        DatabaseError: the folder is another run's or something else's, ``init`` is no run of a network of this size, the batch
            cannot be shared by the devices, the loss is no number, or the folder cannot be written.
    """
    encoder = text_encoder(config.text_encoder)
    check_shares(config.batch_size)
    config = replace(config, data=data.description, init=init.resolve().name if isinstance(init, Path) else "")
    with CorpusFolder(out).writing(), writable(out):
        check_place(out)
        with Checkpoints(out) as checkpoints:
            first = checkpoints.last() or 0
            state = initial_state(config, encoder.dim, None if first else _model_like(init, config))
            config = _settled(data, out, config, is_new=first == 0)
            if first:
                state = checkpoints.restore(first, state)
            held_out = None if validation is None else ValidationCells(validation, config, encoder)
            texts, step = TextTable(encoder, data.vocabulary), step_of(config)
            told: list[dict[str, Array]] = []  # figures since the last line, on the device: steps do not wait for them
            start = time.perf_counter()
            make = partial(data.batch, config.seed, batch_size=config.batch_size)
            with closing(TrainingLog(out, first)) as log, closing(made_ahead(make, first, config.n_step)) as batches:
                for k, batch in enumerate(batches, first + 1):
                    state, figures = step((prepare(batch, config.n_pair), texts.array()), state)
                    told.append(figures)
                    is_checkpoint = k % checkpoint_every == 0 or k == config.n_step
                    if k % log_every == 0 or is_checkpoint:
                        means = means_of(told, k)
                        means["cells_per_s"] = round(_n_cell(config) * len(told) / (time.perf_counter() - start), 1)
                        if is_checkpoint and held_out is not None:
                            means |= held_out.figures(state.model)
                        log.write(k, **means)
                        told, start = [], time.perf_counter()
                        if on_step is not None:
                            on_step(k, means)
                    if is_checkpoint:
                        checkpoints.save(k, state)
    return CellsRun(state.model, config, encoder)


def _n_cell(config: TrainingConfig) -> int:
    return config.batch_size * config.context_length


def _settled(data: Data, out: Path, config: TrainingConfig, *, is_new: bool) -> TrainingConfig:
    """Settings of the run in a folder: those that it was started with, or new ones if it has no checkpoint yet."""
    if not is_new:
        known = TrainingConfig.load(out)
        config.check_same(known, out)
        return known
    n_column, n_feature = (max(1, n) for n in config.n_pair)
    for k in range(N_PILOT):
        tiles = tiles_of(data.batch(config.seed, k, config.batch_size))
        n_column, n_feature = max(n_column, tiles.column.shape[1]), max(n_feature, tiles.feature.shape[1])
    config = replace(config, n_pair=(n_column, n_feature))
    config.save(out)
    return config


def _model_like(init: Path | RelationalTransformer | None, config: TrainingConfig) -> RelationalTransformer | None:
    """Network to start from; the last of a run, if it fits."""
    if not isinstance(init, Path):
        return jax.tree.map(jnp.array, init)  # a copy: training uses up what it is given
    known = TrainingConfig.load(init)
    if known.size != config.size:
        raise DatabaseError(f"--init {init}: has size {known.size}, not {config.size}")
    return load_model(init, config.text_encoder).model


def load_model(path: Path, encoder_name: str = HASHED) -> CellsRun:
    """Read the last network of a run.

    Args:
        path: folder of the run.
        encoder_name: text encoder that it was trained with, see :func:`plurel_prob.rfm.cells.network.text_encoder`. A file may
            not choose it, because an encoder is downloaded and run.

    Raises:
        DatabaseError: there is none, it was trained with another text encoder, or it cannot be read.
    """
    config = TrainingConfig.load(path)
    if config.text_encoder != encoder_name:
        known, given = shown(config.text_encoder), shown(encoder_name)
        hint = f"if you trust that one, give it with --text-encoder {shlex.quote(known)}"
        raise DatabaseError(f"{path}: was trained with the text encoder {known}, not {given}; {hint}")
    encoder = text_encoder(encoder_name)
    with Checkpoints(path, is_read_only=True) as checkpoints:
        step = checkpoints.last()
        if step is None:
            raise DatabaseError(f"{path}: has no checkpoint yet")
        state: CellTrainingState = checkpoints.restore(step, initial_state(config, encoder.dim))
    return CellsRun(state.model, config, encoder)
