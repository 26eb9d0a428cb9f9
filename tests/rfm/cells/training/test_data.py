import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.cells.contexts import Vocabulary
from plurel_prob.rfm.cells.training import StreamData, TaskData, check_held_out, folder_data
from plurel_prob.tasks import add_tasks
from tests.rfm.cells.training.databases import write_database
from tests.test_sampling import ROOT, SMALL


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = write_database(tmp_path_factory.mktemp("data") / "shop", n_child=400)
    add_tasks(folder, "forecast")
    return folder


def test_a_pass_over_a_task_has_every_label_once(shop):
    task = sorted(path.name for path in (shop / "tasks").iterdir())[0]
    data = TaskData(shop, task, 32)
    n = len(data.targets.row)
    taken, batch = [], data.sampler.batch
    data.sampler.batch = lambda targets, idx, seed: taken.extend(idx.tolist()) or batch(targets, idx, seed)
    for k in range(n):
        data.batch(3, k, 4)
    passes = np.array(taken).reshape(4, n)
    np.testing.assert_array_equal(np.sort(passes, 1), np.tile(np.arange(n), (4, 1)))
    assert len(np.unique(passes, axis=0)) == 4


def test_databases_that_are_held_out_are_not_trained_on(shop, tmp_path):
    data, other = folder_data([shop], 32), folder_data([write_database(tmp_path / "other")], 32)
    check_held_out(data, other, 10)
    with pytest.raises(DatabaseError, match="shop is trained on, too"):
        check_held_out(data, folder_data([shop], 64), 10)


@pytest.mark.slow
def test_a_stream_gives_the_same_batches_wherever_it_starts(tmp_path):
    import plurel_prob

    def texts(batch, vocabulary: Vocabulary):
        names = np.array(vocabulary.strings, object)
        return names[batch.text], names[batch.name]

    whole = StreamData(SMALL, 64, first_seed=8, n_database=2, n_batch=2)
    batches = [whole.batch(0, k, 4) for k in range(5)]
    late = StreamData(SMALL, 64, first_seed=8, n_database=2, n_batch=2)
    resumed = late.batch(0, 4, 4)
    for name in ("kind", "value", "column", "row", "parent", "target"):
        np.testing.assert_array_equal(getattr(resumed, name), getattr(batches[4], name))
    for a, b in zip(texts(resumed, late.vocabulary), texts(batches[4], whole.vocabulary), strict=True):
        np.testing.assert_array_equal(a, b)
    plurel_prob.sample(11, SMALL).save(tmp_path / "plurel-11")
    plurel_prob.sample(12, SMALL).save(tmp_path / "later" / "plurel-12")
    with pytest.raises(DatabaseError, match="plurel-11 is trained on, too"):
        check_held_out(whole, folder_data([tmp_path / "plurel-11"], 64), 5)
    check_held_out(whole, folder_data([tmp_path / "later"], 64), 2)


SCRIPT = """
import sys
from pathlib import Path
from plurel_prob.rfm.cells.training import TrainingConfig, folder_data, train
config = TrainingConfig(n_step=4, batch_size=8, context_length=64)
train(folder_data([Path(sys.argv[1])], 64), Path(sys.argv[2]), config, log_every=1, on_step=lambda k, f: print(f["loss"]))
"""


@pytest.mark.slow
def test_several_devices_train_as_one_does(shop, tmp_path):
    found = []
    for n in (1, 4):
        flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={n}"
        command = [sys.executable, "-c", SCRIPT, str(shop), str(tmp_path / str(n))]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | {"XLA_FLAGS": flags})
        assert done.returncode == 0, done.stderr
        found.append([float(line) for line in done.stdout.split()])
    assert len(found[0]) == 4
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4)
