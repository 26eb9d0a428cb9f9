"""Tasks of Ray: in order, again when a worker was lost, and errors that say what to do."""

import os
import signal
import socket
import sys
import time
from functools import partial

import pytest

from plurel_prob import DatabaseError
from plurel_prob.cli.sample import sample
from plurel_prob.errors import WorkerLost
from plurel_prob.sampling.cluster import N_RETRY, map_on_ray

pytest.importorskip("ray", reason="needs the extra 'ray'")

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


def later_first(seed):
    time.sleep(0.3 * (seed == 0))
    return seed, os.environ["NPROC"]


def die_once(folder, seed):
    """Die when called for the first time."""
    try:
        (folder / str(seed)).touch(exist_ok=False)
    except FileExistsError:
        return seed
    os._exit(1)


def die_each_time(folder, seed):
    if seed == 2:
        (folder / f"{seed}-{os.getpid()}").touch()
        os._exit(1)
    return seed


def refuse(seed):
    raise DatabaseError(f"plurel-{seed}: exists")


@pytest.mark.slow
def test_tasks_are_called_again_when_their_worker_dies(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    assert list(map_on_ray(later_first, range(4), 2)) == [(seed, "1") for seed in range(4)]
    assert list(map_on_ray(partial(die_once, tmp_path), range(3), 2)) == [0, 1, 2]
    done = map_on_ray(partial(die_each_time, tmp_path), range(4), 1)
    assert [next(done), next(done)] == [0, 1]
    with pytest.raises(WorkerLost, match=r"seed 2: 4 workers that drew it were lost.*run this again"):
        next(done)
    assert len(list(tmp_path.glob("2-*"))) == N_RETRY + 1
    with pytest.raises(DatabaseError, match="^plurel-7: exists$"):
        list(map_on_ray(refuse, [7], 1))
    assert signal.getsignal(signal.SIGTERM) == before


def test_addresses_without_a_cluster_are_refused():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(DatabaseError, match=f"--address {address}: cannot connect"):
            list(map_on_ray(refuse, [1], 1, address))
    with pytest.raises(DatabaseError, match="--address nonsense: cannot connect: needs host:port"):
        list(map_on_ray(refuse, [1], 1, "nonsense"))


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DatabaseError, match=r'needs Ray: pip install "plurel-prob\[ray\]"'):
        list(map_on_ray(refuse, [1]))


def test_an_address_needs_the_engine(tmp_path):
    with pytest.raises(DatabaseError, match="--address auto: is for --engine ray"):
        sample(out=str(tmp_path / "out"), prior="compact", address="auto")
    assert not (tmp_path / "out").exists()
