"""The command line, ``plurel-prob``: a file for each command."""

import ctypes
import os
import sys
from collections.abc import Sequence

from plurel_prob.cli.signals import ending_at_once


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line, and exit: bad input is one message on stderr and exit code 2."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # XLA warns of compilations that take minutes; progress bars say so
    _share_heap()
    with ending_at_once():
        from plurel_prob.cli.run import run  # imports all that there is, which takes seconds
    sys.exit(run(argv))


def _share_heap() -> None:
    """Let all threads allocate from one heap: glibc gives each its own, and compiling took a third more memory."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None  # other C libraries have none
    if set_option:
        set_option(-8, 1)  # M_ARENA_MAX
