"""Processes that the tests have started, however far down, by a variable of their environment."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

MARK = "PLUREL_PROB_TEST"


def marked(value: str, words: str = "") -> list[int]:
    """Processes that are alive, have the mark in their environment and the words in their command line; the oldest first."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, *fields = (folder / "stat").read_text().rpartition(")")[2].split()
            is_ours = f"{MARK}={value}".encode() in (folder / "environ").read_bytes().split(b"\0")
            if is_ours and state != "Z" and words.encode() in (folder / "cmdline").read_bytes():
                found[int(folder.name)] = int(fields[18])
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return sorted(found, key=found.__getitem__)


def kill(pid: int) -> bool:
    """Kill a process; return whether it was there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def wait_for(is_so: Callable[[], object], seconds: float) -> bool:
    """Wait until something is so; return whether it is."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def draw_forever(corpus: Any, name: str, record: Any, overwrite: bool, tasks: bool, latents: bool, seed: int) -> list[str]:
    """Say that a seed is being drawn, and never end, deaf to exceptions that signals raise, as a compilation is."""
    (Path(corpus.path) / f"drawing-{seed}").touch()
    while True:
        with suppress(KeyboardInterrupt):
            time.sleep(1000)
