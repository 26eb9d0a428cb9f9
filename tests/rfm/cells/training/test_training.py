import json
import multiprocessing
import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
import pytest

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.cells.contexts import BOOLEAN, Batch
from plurel_prob.rfm.cells.network import SIZES, TransformerSize
from plurel_prob.rfm.cells.training import TrainingConfig, ValidationCells, folder_data, load_model, train
from plurel_prob.rfm.cells.training.data import FolderData
from tests.rfm.cells.training.databases import write_database

SIZES["one block"] = TransformerSize(1, 16, 2, 32)  # here, as processes that tests start import this file
SMALL = TrainingConfig(size="one block", n_step=6, batch_size=8, context_length=64)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> FolderData:
    return folder_data([write_database(tmp_path_factory.mktemp("data") / "shop")], 64)


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "run"
    train(data, out, SMALL, checkpoint_every=2, log_every=1)
    return out


def losses(run: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (run / "log.jsonl").read_text().splitlines()]


class Interrupted(Exception):
    pass


def test_a_run_that_goes_on_has_the_same_losses(data, finished, tmp_path):
    def interrupt(step: int, figures: dict[str, float]) -> None:
        if step == 5:
            raise Interrupted

    with pytest.raises(Interrupted):
        train(data, tmp_path / "run", SMALL, checkpoint_every=2, log_every=1, on_step=interrupt)
    assert len(losses(tmp_path / "run")) == 5  # one more than the checkpoint has: it is to be dropped
    train(data, tmp_path / "run", SMALL, checkpoint_every=2, log_every=1)
    assert losses(tmp_path / "run") == losses(finished)
    ours, theirs = load_model(tmp_path / "run").model, load_model(finished).model
    assert eqx.tree_equal(ours, theirs)
    assert any((tmp_path / "run" / "tensorboard").iterdir())


def test_the_loss_is_the_mean_over_masked_cells(data, tmp_path):
    """A new network predicts the mean of a column, so that its first loss is known."""
    several = FolderData(data.folders, 64, n_masked=6)
    train(several, tmp_path / "run", replace(SMALL, n_step=1, n_masked=6), log_every=1)
    batch, expected = several.batch(SMALL.seed, 0, 8), []
    [rate] = [column.mean for column in several.sampler.databases[0].columns if column.kind == BOOLEAN]
    for kind, value in zip(batch.kind[batch.is_masked], np.abs(batch.masked[batch.is_masked]), strict=True):
        error = value**2 / 2 if value < 1 else value - 0.5
        expected.append(-np.log(rate if value else 1 - rate) if kind == BOOLEAN else error)
    assert len(expected) > 40
    np.testing.assert_allclose(losses(tmp_path / "run"), [np.mean(expected)], rtol=1e-5)


def test_a_run_that_is_complete_stays(data, finished):
    before = (finished / "log.jsonl").read_text()
    train(data, finished, SMALL, checkpoint_every=2, log_every=1)
    assert (finished / "log.jsonl").read_text() == before


def test_weights_change_from_those_of_another_run(data, finished, tmp_path):
    run = train(data, tmp_path / "run", replace(SMALL, n_step=1), init=finished)
    first = load_model(finished).model
    change = [float(abs(a - b).max()) for a, b in zip(*(jax.tree.leaves(m) for m in (run.model, first)), strict=True)]
    assert 0 < max(change) < 2 * SMALL.learning_rate  # one step of Adam's; new weights would differ by more than a tenth


def test_settings_cannot_change_in_between(data, finished):
    with pytest.raises(DatabaseError, match="started with n_step 6, not 7"):
        train(data, finished, replace(SMALL, n_step=7))


def test_a_run_needs_weights_of_its_size(data, finished, tmp_path):
    with pytest.raises(DatabaseError, match="has size one block, not small"):
        train(data, tmp_path / "run", replace(SMALL, size="small"), init=finished)


def test_only_the_caller_chooses_the_text_encoder(data, finished, tmp_path, monkeypatch):
    def refuse(name):
        raise AssertionError(f"loads {name}")

    monkeypatch.setattr("plurel_prob.rfm.cells.network.texts.SentenceEncoder", refuse)
    run = shutil.copytree(finished, tmp_path / "other")
    path = run / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"text_encoder": "evil/model; touch x"}))
    message = "text encoder evil/model; touch x, not hashed; .* --text-encoder 'evil/model; touch x'"
    with pytest.raises(DatabaseError, match=message):
        load_model(run)
    with pytest.raises(DatabaseError, match=message):
        train(data, tmp_path / "run", SMALL, init=run)
    with pytest.raises(DatabaseError, match="started with text_encoder"):
        train(data, run, SMALL)
    with pytest.raises(AssertionError, match="loads evil"):
        load_model(run, "evil/model; touch x")
    with pytest.raises(DatabaseError, match="trained with the text encoder hashed, not other/model"):
        load_model(finished, "other/model")


def test_a_folder_of_something_else_is_left_alone(data, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DatabaseError, match="not empty"):
        train(data, tmp_path, SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("name", "value", "message"), [("size", "huge", "tiny, small, paper"), ("context_length", 100, "multiple")]
)
def test_wrong_settings(name, value, message):
    with pytest.raises(DatabaseError, match=message):
        TrainingConfig(**{name: value})


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(DatabaseError, match="config.json"):
        load_model(tmp_path)


@pytest.mark.slow
def test_the_network_learns_one_batch_by_heart(data, tmp_path):
    class One:
        vocabulary, description = data.vocabulary, "one batch"

        def batch(self, seed: int, k: int, batch_size: int) -> Batch:
            return data.batch(seed, 0, batch_size)

    config = replace(SMALL, size="tiny", n_step=150, learning_rate=3e-3)
    train(One(), tmp_path / "run", config, log_every=1)
    found = losses(tmp_path / "run")
    assert found[-1] < 0.02 < 0.2 < found[0]


@pytest.mark.slow
def test_the_network_beats_the_mean_on_a_database_it_has_not_seen(data, tmp_path):
    """The rule, a sum of a row's and its parent's cells, is the same in all of these databases; their values are not."""
    folders = [write_database(tmp_path / f"shop-{seed}", seed) for seed in range(1, 9)]
    config = replace(SMALL, size="tiny", n_step=600, batch_size=32, learning_rate=2e-3)
    run = train(folder_data(folders, 64), tmp_path / "run", config)
    validation = ValidationCells(data, config, run.encoder)
    assert validation.losses(run.model).mean() < 0.7 * validation.baseline.mean()


def _train(folder: Path, out: Path) -> None:
    train(folder_data([folder], 64), out, SMALL, checkpoint_every=2, log_every=1)


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on(finished, tmp_path):
    folder = write_database(tmp_path / "shop")
    process = multiprocessing.get_context("spawn").Process(target=_train, args=(folder, tmp_path / "run"))
    process.start()
    log = tmp_path / "run" / "log.jsonl"
    while process.is_alive() and not (log.exists() and len(log.read_text().splitlines()) >= 3):
        time.sleep(0.02)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    _train(folder, tmp_path / "run")
    assert losses(tmp_path / "run") == losses(finished)


def test_validation_baseline_is_that_of_column_means(data, finished):
    run = load_model(finished)
    validation = ValidationCells(data, SMALL, run.encoder, n_context=16)
    database, expected = data.sampler.databases[0], []
    for k, batch in enumerate(validation.batches):
        targets = data.sampler.draw_targets(1, k, 8)
        for i in range(8):
            column = database.columns[targets.column[i]]
            if column.kind == 1:
                rate = column.mean
                expected.append(-np.log(rate if batch.target[i] else 1 - rate))
            else:
                error = abs(batch.target[i])
                expected.append(error**2 / 2 if error < 1 else error - 0.5)
    np.testing.assert_allclose(validation.baseline, expected, rtol=1e-5)
    told, is_boolean = validation.figures(run.model), validation.kind == BOOLEAN
    assert 0 < is_boolean.sum() < 16
    losses = validation.losses(run.model)
    for name, which in {"": slice(None), "_booleans": is_boolean, "_numbers": ~is_boolean}.items():
        np.testing.assert_allclose(told[f"validation_loss{name}"], losses[which].mean(), rtol=1e-6)
        np.testing.assert_allclose(told[f"validation_baseline{name}"], np.mean(np.array(expected)[which]), rtol=1e-5)
