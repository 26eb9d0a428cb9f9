"""Running a command: however it ends, with one line that says why, and an exit code."""

import os
import re
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

from cyclopts import CycloptsError, MissingArgumentError

from plurel_prob.cli.app import app
from plurel_prob.cli.output import PlainConsole
from plurel_prob.cli.signals import HUNG_UP, TERMINATED, heed_signals
from plurel_prob.errors import DatabaseError, PriorError, WorkerLost, printable, reason, shown

DEBUG = "PLUREL_PROB_DEBUG"  # variable of the environment: print tracebacks
# passwords in URLs that are repeated; of bounded length, so that long messages take no longer than in proportion
SECRET = re.compile(r"(\b[a-z][a-z0-9+]{0,19}:/{1,2}[^\s:/@]{0,99}:|[?&]password=)[^\s@&;,]{1,200}")
LOST = 1
BAD_INPUT = 2
INTERNAL = 70
INTERRUPTED = 130
PIPE_CLOSED = 141
GO_ON = ("sample", "pretrain")  # commands that do, where they were
MAX_MESSAGE, MAX_USAGE = 20_000, 500  # characters


def run(argv: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit code."""
    heed_signals()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a test has put another in place
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return _ended(argv)
    except BaseException as error:
        if os.environ.get(DEBUG):
            traceback.print_exc()
        code, message = _said(error, [*(sys.argv[1:] if argv is None else argv), ""][0])
        if message:
            _tell(message)
        return code


def _ended(argv: Sequence[str] | None) -> int:
    try:
        app(argv, exit_on_error=False, print_error=False, error_console=PlainConsole(stderr=True))
        code = 0
    except SystemExit as end:
        if end.code in (TERMINATED, HUNG_UP):
            raise
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else BAD_INPUT
    sys.stdout.flush()  # here, where it can still be said that it fails
    return code


def _said(error: BaseException, command: str) -> tuple[int, str]:
    """Exit code and message of what ended a command; the message is empty where nobody would read it."""
    then = "; what is complete stays, and the same command goes on" if command in GO_ON else ""
    match error:
        case MissingArgumentError(argument=argument, unused_tokens=None | []) if argument is not None and not argument.tokens:
            command = " ".join(["plurel-prob", *(error.command_chain or ())])
            return BAD_INPUT, f"{argument.name} is missing; `{command} --help` has examples"
        case CycloptsError():
            return BAD_INPUT, shown(" ".join(str(error).split()), MAX_USAGE)  # it repeats what was given
        case PriorError() | DatabaseError():
            return BAD_INPUT, str(error)
        case WorkerLost():
            return LOST, str(error)
        case KeyboardInterrupt():
            return INTERRUPTED, f"interrupted{then}"
        case SystemExit():
            return int(str(error.code)), f"{'terminated' if error.code == TERMINATED else 'hung up'}{then}"
        case BrokenPipeError():
            _let_go_of_output()
            return PIPE_CLOSED, ""
        case OSError():
            _check_output()
            return BAD_INPUT, f"{error.filename or 'cannot read or write'}: {reason(error)}"
        case MemoryError():
            return BAD_INPUT, "there is not enough memory: ask for fewer rows, or use fewer --workers"
        case RecursionError():
            return BAD_INPUT, f"something in the input is nested too deeply; {DEBUG}=1 shows where"
        case _:
            what = f"internal error: {type(error).__name__}: {reason(error)}"
            return INTERNAL, f"{what}; please report it with the traceback that {DEBUG}=1 shows"


def _check_output() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _let_go_of_output()


def _let_go_of_output() -> None:
    """Drop what could not be written to standard output: Python would try again when it ends, and complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(message: str) -> None:
    line = printable(" ".join(message.split()))
    line = SECRET.sub(r"\1***", line if len(line) <= MAX_MESSAGE else line[:MAX_MESSAGE] + "...")
    with suppress(OSError):
        print(f"plurel-prob: {line}", file=sys.stderr, flush=True)
