"""Runs of training."""

import json
from dataclasses import replace

import equinox as eqx
import numpy as np
import pytest

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.rows.network import SIZES, RowNetworkSize, load_network
from plurel_prob.rfm.rows.training import RowData, RowTrainingConfig, ValidationTasks, load_run, train
from plurel_prob.rfm.rows.training.steps import new_network
from tests.rfm.rows.training.shops import Shops

SMALL = RowTrainingConfig(size="small", n_step=4, batch_size=4, n_row=80, n_feature=6, classes=0.0, learning_rate=3e-3)


@pytest.fixture(scope="module", autouse=True)
def few_held_out_and_one_block():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "small", RowNetworkSize(1, 16, 1, 32, feature=8, n_pool=4))
        patch.setattr("plurel_prob.rfm.rows.training.validation.N_VALIDATION", 8)
        yield


@pytest.fixture(scope="module")
def data() -> RowData:
    return RowData(Shops(), SMALL.recipe)


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("finished") / "run"
    train(data, out, SMALL, validation=data, checkpoint_every=2, log_every=1)
    return out


def lines(run):
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


class Interrupted(Exception):
    pass


def test_a_run_that_goes_on_has_the_same_losses_and_weights(data, finished, tmp_path):
    def interrupt(step: int, figures: dict[str, float]) -> None:
        if step == 3:
            raise Interrupted

    with pytest.raises(Interrupted):
        train(data, tmp_path / "run", SMALL, checkpoint_every=2, log_every=1, on_step=interrupt)
    assert len(lines(tmp_path / "run")) == 3  # one more than the checkpoint has: it is to be dropped
    train(data, tmp_path / "run", SMALL, checkpoint_every=2, log_every=1)
    assert [line["loss"] for line in lines(tmp_path / "run")] == [line["loss"] for line in lines(finished)]
    assert eqx.tree_equal(load_run(tmp_path / "run").model, load_run(finished).model)
    seconds = [line["seconds"] for line in lines(tmp_path / "run")]
    assert (np.diff(seconds) >= 0).all()


def test_the_weights_are_those_of_the_last_checkpoint(finished):
    network, metadata = load_network(finished / "rows.safetensors")
    assert eqx.tree_equal(network, load_run(finished).model)
    assert not eqx.tree_equal(network, new_network(SMALL))
    assert (metadata["step"], metadata["seed"], metadata["data"]) == ("4", "0", "shops")


def test_the_log_has_losses_beside_those_of_the_untrained_network(data, finished):
    last = lines(finished)[-1]
    groups = {name.removeprefix("untrained_loss") for name in last if name.startswith("untrained_loss")}
    assert (
        groups == {name.removeprefix("validation_loss") for name in last if name.startswith("validation_loss")}
        and len(groups) > 2
    )
    held_out = ValidationTasks(data, SMALL, 8)
    assert last["untrained_loss"] == pytest.approx(held_out.losses(new_network(SMALL)).mean())
    assert last["validation_loss"] == pytest.approx(held_out.losses(load_run(finished).model).mean(), rel=1e-5)
    assert last["rows_per_s"] > 0 and last["cpu_hours"] > 0


def test_a_run_needs_its_settings(data, finished, tmp_path):
    with pytest.raises(DatabaseError, match="started with n_step 4, not 5"):
        train(data, finished, replace(SMALL, n_step=5))
    with pytest.raises(DatabaseError, match="has size small, not base"):
        train(data, tmp_path / "run", replace(SMALL, size="base"), init=finished)
    (tmp_path / "config.json").write_text('{"network": "cells"}')
    with pytest.raises(DatabaseError, match="not a run with --network rows"):
        load_run(tmp_path)


@pytest.mark.parametrize(("name", "value"), [("size", "tiny"), ("n_row", 10), ("relabelled", 1.5)])
def test_wrong_settings(name, value):
    with pytest.raises(DatabaseError, match="must be one of|at least|from 0 to 1"):
        RowTrainingConfig(**{name: value})
