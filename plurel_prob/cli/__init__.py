"""The command line, ``plurel-prob``: a file for each command."""

import os
import sys
from collections.abc import Sequence

from plurel_prob.cli.signals import ending_at_once


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line, and exit: bad input is one message on stderr and exit code 2."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # XLA warns of compilations that take minutes; progress bars say so
    with ending_at_once():
        from plurel_prob.cli.run import run  # imports all that there is, which takes seconds
    sys.exit(run(argv))
