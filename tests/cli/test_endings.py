import os
import shutil
import signal
import subprocess
import sys

import pytest
from rich.table import Table

from plurel_prob import DatabaseError
from plurel_prob.cli import run as run_module
from plurel_prob.cli.output import PlainConsole, plain
from plurel_prob.errors import WorkerLost
from plurel_prob.priors import PriorError
from tests.test_sampling import ENV, ROOT, run

EVIL = "[/x] [bold]a[/bold] :smile: \x1b[31m\u202e\n"


def raising(error):
    def app(*_, **__):
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (DatabaseError("x.sql,\n line 3: \x1b]0;gone\x07"), 2, "plurel-prob: x.sql, line 3: \\x1b]0;gone\\x07\n"),
        (PriorError("schema: " + "x" * 10**6), 2, "plurel-prob: schema: xxx"),
        (
            DatabaseError("postgresql://u:SECRET@h/db, postgresql:/u:SECRET@h"),
            2,
            "postgresql://u:***@h/db, postgresql:/u:***@h\n",
        ),
        (DatabaseError("h/db?password=SECRET&x=1"), 2, "h/db?password=***&x=1"),
        (WorkerLost("a worker was killed"), 1, "a worker was killed"),
        (PermissionError(13, "Permission denied", "/out/x"), 2, "/out/x: Permission denied"),
        (OSError(("NetCDF: HDF error", 3)), 2, "cannot read or write: NetCDF: HDF error, 3\n"),
        (shutil.Error([("a", "b", "No space left on device")]), 2, "cannot read or write: a, b, No space left on device\n"),
        (MemoryError(), 2, "not enough memory"),
        (RecursionError("maximum recursion depth exceeded"), 2, "nested too deeply"),
        (KeyError("edge"), 70, "internal error: KeyError: there is no edge; please report it"),
        (ZeroDivisionError("division\nby zero"), 70, "internal error: ZeroDivisionError: division by zero"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (SystemExit(143), 143, "terminated"),
        (SystemExit(129), 129, "hung up"),
    ],
)
def test_whatever_ends_a_command_is_one_line(error, code, words, monkeypatch, capsys):
    monkeypatch.setattr(run_module, "app", raising(error))
    assert run_module.run(["x"]) == code
    told = capsys.readouterr()
    assert words in told.err and told.err.count("\n") == 1 and told.out == "" and len(told.err) < 25_000


def test_the_traceback_is_there_for_who_asks(monkeypatch, capsys):
    monkeypatch.setattr(run_module, "app", raising(KeyError("edge")))
    monkeypatch.setenv("PLUREL_PROB_DEBUG", "1")
    assert run_module.run(["x"]) == 70
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("code", "expected"), [(None, 0), (0, 0), (1, 1)])
def test_exit_codes_of_commands_stay(code, expected, monkeypatch):
    monkeypatch.setattr(run_module, "app", raising(SystemExit(code)))
    assert run_module.run(["x"]) == expected


def test_output_that_cannot_be_written_is_an_error():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "plurel_prob", "--version"], stdout=full, stderr=-1, text=True, env=ENV, cwd=ROOT
        )
    assert (done.returncode, done.stderr) == (2, "plurel-prob: cannot read or write: No space left on device\n")


def test_a_reader_that_has_gone_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "plurel_prob", "--help"], stdout=writing, stderr=-1, env=ENV, cwd=ROOT)
    os.close(writing)
    assert done.returncode in (1, 141) and done.stderr == b""  # what prints the help has a code of its own


WHILE_IMPORTING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Sender:
    def find_spec(self, name, *_):
        if name == sys.argv[1]:
            os.kill(os.getpid(), int(sys.argv[2]))
sys.meta_path.insert(0, Sender())
from plurel_prob.cli import main
main(["--version"])
"""


@pytest.mark.parametrize("module", ["cyclopts", "rich.table"])
@pytest.mark.parametrize(
    ("how", "code", "said"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated"), (signal.SIGHUP, 129, "hung up")],
)
def test_signals_while_modules_are_imported(module, how, code, said):
    done = run("-c", WHILE_IMPORTING, module, str(int(how)))
    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"plurel-prob: {said}\n")


HUNG_UP = """
import os, signal, sys, time
from plurel_prob.cli.signals import heed_signals
if sys.argv[1] == "nohup":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
heed_signals()
os.kill(os.getpid(), signal.SIGHUP)
time.sleep(0.1)
"""


@pytest.mark.parametrize(("how", "code"), [("terminal", 129), ("nohup", 0)])
def test_a_closed_terminal_ends_a_command_in_order_unless_it_is_to_go_on(how, code):
    assert run("-c", HUNG_UP, how).returncode == code


def test_names_reach_the_terminal_as_they_are(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    console = PlainConsole(soft_wrap=True)
    console.print(EVIL)
    table = Table("column", EVIL, title=EVIL)
    table.add_row(EVIL, plain(EVIL, "bold"))
    console.print(table)
    with PlainConsole(stderr=True).status(EVIL) as status:
        status.update(plain(EVIL))
    told = capsys.readouterr().out
    assert "\x1b" not in told and "\u202e" not in told
    assert told.count("[/x] [bold]a[/bold] :smile: \\x1b[31m\\u202e\\n") == 5


def test_asking_for_the_version_is_quick_about_imports():
    code = "import sys; import plurel_prob.cli; print({'jax', 'pandas', 'numpy', 'cyclopts', 'rich'} & set(sys.modules))"
    assert run("-c", code).stdout == "set()\n"
    assert run("-c", "import plurel_prob; print(plurel_prob.priors.PRIORS is plurel_prob.PRIORS)").stdout == "True\n"
