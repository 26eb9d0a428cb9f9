"""Processes that draw: a lost one is an error, and none outlives the one that started it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from plurel_prob.errors import WorkerLost
from plurel_prob.sampling.pool import map_in_processes
from tests.corpora.processes import MARK, kill, marked, wait_for
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
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
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


COMMAND = """
import importlib, signal, sys
from plurel_prob.cli import main
from tests.corpora.processes import draw_forever

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
importlib.import_module("plurel_prob.cli.sample").draw_and_put = draw_forever
if __name__ == "__main__":
    main(["sample", "--out", sys.argv[1], "--count", "4", "--workers", "2"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    ("how", "whom"),
    [
        (signal.SIGTERM, "first"),
        (signal.SIGINT, "all"),
        pytest.param(signal.SIGTERM, "all", marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, "first", marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_a_run_with_its_workers(tmp_path, how, whom):
    words = {signal.SIGTERM: "terminated", signal.SIGINT: "interrupted"}[how]
    script, out = tmp_path / "command.py", tmp_path / "out"
    script.write_text(COMMAND)
    env = ENV | {"PYTHONPATH": str(ROOT), MARK: str(tmp_path)}
    command = [sys.executable, str(script), str(out)]
    with subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert wait_for(lambda: len(list(out.glob("drawing-*"))) == 2, 60)
            since = time.monotonic()
            (os.killpg if whom == "all" else os.kill)(process.pid, how)
            _, error = process.communicate(timeout=100)
            assert time.monotonic() - since < 10
            assert process.returncode == 128 + how
            assert [line for line in error.splitlines() if line.startswith("plurel-prob:")] == [
                f"plurel-prob: {words}; what is complete stays, and the same command goes on"
            ]
            assert "Traceback" not in error and "Error" not in error and "Interrupt" not in error
            assert wait_for(lambda: not marked(str(tmp_path)), 5), marked(str(tmp_path))
        finally:
            list(map(kill, marked(str(tmp_path))))
