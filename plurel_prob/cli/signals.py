"""Signals that end a command, so that temporary folders are removed."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any

TERMINATED, HUNG_UP = 128 + 15, 128 + 1
ENDING = {"SIGTERM": TERMINATED, "SIGHUP": HUNG_UP}  # there is no SIGHUP on Windows
SAID = {130: b"plurel-prob: interrupted\n", TERMINATED: b"plurel-prob: terminated\n", HUNG_UP: b"plurel-prob: hung up\n"}
AGAIN = 0.05  # seconds


def _set(name: str, code: int, handler: Any) -> None:
    """Handle a signal, unless whoever started the process wants it to be ignored, as ``nohup`` does."""
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) != signal.SIG_IGN:
        signal.signal(number, lambda *_: handler(code))


def _end(code: int) -> None:
    with suppress(OSError):
        os.write(2, SAID[code])
    os._exit(code)


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let signals end the process by one line while there is nothing to put in order: while modules are imported.

    Some of them would take an exception for a missing package, or drop it.
    """
    before = {name: signal.getsignal(getattr(signal, name)) for name in ("SIGINT", *ENDING) if hasattr(signal, name)}
    for name, code in {"SIGINT": 130, **ENDING}.items():
        _set(name, code, _end)
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def heed_signals() -> None:
    """Let SIGTERM and SIGHUP end the process in order, and let neither these nor SIGINT be lost.

    Where either arrives while a callback of the garbage collector runs (JAX has one), Python drops the exception that it
    raises, and the process would go on. It is sent again then, when the callback is over.
    """
    for name, code in ENDING.items():
        _set(name, code, sys.exit)
    report = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        error = unraisable.exc_value
        if isinstance(error, KeyboardInterrupt):
            Timer(AGAIN, os.kill, (os.getpid(), signal.SIGINT)).start()
        elif isinstance(error, SystemExit) and isinstance(error.code, int) and error.code in ENDING.values():
            Timer(AGAIN, os.kill, (os.getpid(), error.code - 128)).start()
        else:
            report(unraisable)

    sys.unraisablehook = hook
