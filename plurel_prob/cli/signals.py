"""Signals that end a command, so that temporary folders are removed."""

import os
import signal
import sys
from threading import Timer
from typing import Any

TERMINATED = 128 + signal.SIGTERM
AGAIN = 0.05  # seconds


def heed_signals() -> None:
    """Let SIGTERM end the process in order, and let neither SIGTERM nor SIGINT be lost.

    Where either arrives while a callback of the garbage collector runs (JAX has one), Python drops the exception that it
    raises, and the process would go on. It is sent again then, when the callback is over.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    report = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        error = unraisable.exc_value
        if isinstance(error, KeyboardInterrupt):
            Timer(AGAIN, os.kill, (os.getpid(), signal.SIGINT)).start()
        elif isinstance(error, SystemExit) and error.code == TERMINATED:
            Timer(AGAIN, os.kill, (os.getpid(), signal.SIGTERM)).start()
        else:
            report(unraisable)

    sys.unraisablehook = hook
