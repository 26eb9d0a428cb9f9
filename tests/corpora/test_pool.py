"""Processes that draw: a lost one is an error, and none outlives the one that started it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from plurel_prob.sampling.pool import WorkerLost, map_in_processes
from tests.test_sampling import ENV, ROOT

SLEEPING = """
import os, time
from plurel_prob.sampling.pool import map_in_processes
from tests.corpora.test_pool import sleep
if __name__ == "__main__":
    for _ in map_in_processes(sleep, range(100), 2):
        pass
"""


def die(seed):
    os._exit(seed)


def sleep(seed):
    print(os.getpid(), flush=True)
    time.sleep(0.1 if seed < 2 else 300)


def test_a_lost_worker_is_an_error():
    with pytest.raises(WorkerLost, match="worker process was killed.*run this again"):
        list(map_in_processes(die, [1, 1, 1], 2))


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_workers_end_with_the_process_that_started_them(tmp_path):
    script = tmp_path / "sleeping.py"
    script.write_text(SLEEPING)
    env = ENV | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, script], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    try:
        pids = [int(process.stdout.readline()) for _ in range(4)]
        assert len(set(pids)) == 2 and all(map(is_running, pids))
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    deadline = time.monotonic() + 30
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(is_running, pids))
