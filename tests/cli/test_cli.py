import signal
import subprocess
import sys
import time
from typing import NamedTuple

import pytest

from plurel_prob.cli.run import run as run_here
from tests.models.tiny import COMPACT, PLUREL
from tests.test_sampling import ENV, ROOT, run


class Done(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys):
    """Run a command in this process."""

    def called(*arguments):
        code = run_here([str(argument) for argument in arguments])
        return Done(code, *capsys.readouterr())

    return called


def assert_bad_input(done, *words):
    assert done.code == 2
    assert done.out == ""
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) == 1
    for word in words:
        assert word in done.err


def test_sample_then_describe(tmp_path, cli):
    out = tmp_path / "out"
    done = cli("sample", "--out", out, "--count", 2, "--seed", 8, "--prior", PLUREL)
    assert done.code == 0, done.err
    assert sorted(path.name for path in out.iterdir()) == ["plurel-8", "plurel-9"]
    assert "foreign keys" in done.out and "2/2" in done.err
    described = cli("describe", out / "plurel-8", "--all")
    assert described.code == 0
    for word in ("table_0", "row_idx", "primary key", "foreign_row_0", "feature_0", "activity", "entity"):
        assert word in described.out

    before = (out / "plurel-8" / "manifest.yaml").stat().st_mtime_ns
    done = cli("sample", "--out", out, "--seed", 8, "--prior", PLUREL)
    assert done.code == 0 and "1 of 1 databases were there already" in done.out
    assert (out / "plurel-8" / "manifest.yaml").stat().st_mtime_ns == before
    done = cli("sample", "--out", out, "--seed", 8, "--prior", PLUREL, "--overwrite")
    assert done.code == 0
    assert (out / "plurel-8" / "manifest.yaml").stat().st_mtime_ns > before

    done = cli("verify", out)
    assert done.code == 0 and "2 databases are as they were written; 1 drawn again" in done.out, done.err
    path = out / "plurel-9" / "db" / "table_0.parquet"
    path.write_bytes(path.read_bytes()[:100])
    done = cli("verify", out, "--redraw", 0)
    assert done.code == 1 and "plurel-9/db/table_0.parquet: has 100 bytes instead of" in done.out


@pytest.mark.parametrize("command", [["sample"], ["describe"]])
def test_help(command, cli):
    done = cli(*command, "--help")
    assert done.code == 0 and "Usage" in done.out


def test_python_runs_the_package():
    done = run("-m", "plurel_prob", "--help")
    assert done.returncode == 0 and "Usage" in done.stdout
    done = run("-m", "plurel_prob", "sample", "--count", "0", "--out", "out")
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr and "--count" in done.stderr


def test_bad_input(tmp_path, cli):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[schema]\nn_tabel = 3\n")
    assert_bad_input(cli("sample", "--out", tmp_path, "--prior", wrong), "wrong.toml", "n_tabel", "n_table")
    assert_bad_input(cli("sample", "--out", tmp_path, "--prior", "plurell"), "did you mean 'plurel'")
    assert_bad_input(cli("sample", "--out", tmp_path, "--count", "many"), "--count")
    assert_bad_input(cli("sample", "--out", tmp_path, "--count", 0), "--count")
    assert_bad_input(cli("sample", "--out", tmp_path, "--seed", 2**31), "2147483647")
    assert_bad_input(cli("sample", "--uot", tmp_path), "--uot")
    assert_bad_input(cli("sample"), "--out")
    assert_bad_input(cli("describe", tmp_path / "nothing"), "nothing")
    assert_bad_input(cli("verify", tmp_path / "nothing"), "nothing: no such folder")
    file = tmp_path / "file"
    file.touch()
    assert_bad_input(cli("sample", "--out", file / "below"), str(file))
    assert_bad_input(cli("sample", "--out", "/proc/plurel"), "/proc/plurel")


DEAF = """
import gc, os, signal, sys, time
from plurel_prob.cli.signals import heed_signals
signal.signal(signal.SIGINT, signal.default_int_handler)
heed_signals()
sent = []
def callback(phase, info):
    if not sent:
        sent.append(1)
        os.kill(os.getpid(), int(sys.argv[1]))
        time.sleep(0.01)
gc.callbacks.append(callback)
gc.collect()
assert sent
try:
    time.sleep(50)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_garbage_collector_calls_back_is_not_lost(how, code):
    assert run("-c", DEAF, str(int(how))).returncode == code


@pytest.mark.parametrize(
    ("how", "code"),
    [
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow),
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGKILL, -9, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_leaves_only_complete_databases(tmp_path, how, code):
    import plurel_prob

    # a background job ignores SIGINT, and so would its children
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from plurel_prob.cli import main; main()"
    arguments = ["sample", "--count", "10000", "--prior", str(COMPACT), "--out", str(tmp_path)]
    process = subprocess.Popen([sys.executable, "-c", heeding, *arguments], cwd=ROOT, env=ENV, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 400  # programs are compiled first
        while not list(tmp_path.glob("plurel-*")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(how)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == code
    assert b"Traceback" not in error
    written = list(tmp_path.glob("plurel-*"))
    assert written
    for path in written:
        plurel_prob.load(path).latents  # noqa: B018
    left = [path for path in tmp_path.iterdir() if not path.name.startswith("plurel-")]
    assert how == signal.SIGKILL or left == []
    assert all(path.name.startswith(".plurel-") for path in left)
