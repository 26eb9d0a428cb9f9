"""Processes that are killed at any step of what they do to files."""

import os
import signal
import warnings
from collections.abc import Callable
from pathlib import Path

from plurel_prob.files import leftovers, marked_folder

STEPS = ("rename", "replace", "mkdir", "unlink", "rmdir")


def is_killed(work: Callable[[], object], step: int) -> bool:
    """Do something in a process of its own that is killed before its n-th step; return whether it was: it may take fewer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries with threads: the child runs nothing of theirs
        child = os.fork()
    if child == 0:
        n_left = step

        def counted(function: Callable) -> Callable:
            def call(*arguments, **options):
                nonlocal n_left
                if n_left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                n_left -= 1
                return function(*arguments, **options)

            return call

        for name in STEPS:
            setattr(os, name, counted(getattr(os, name)))
        try:
            work()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def left_behind(parent: Path) -> Path:
    """A folder that a killed process has left in another one."""

    def work() -> None:
        with marked_folder(parent) as folder:
            (folder / "new").mkdir()
            (folder / "new" / "half").write_text("half")
            os.rmdir(folder / "nothing")  # the third step, before which it is killed

    assert is_killed(work, 2)
    return leftovers(parent)[0]
