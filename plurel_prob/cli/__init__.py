"""The command line, ``plurel-prob``: a file for each command."""

import sys
from collections.abc import Sequence
from typing import NoReturn

from cyclopts import App, CycloptsError
from rich.console import Console

from plurel_prob import __version__
from plurel_prob.cli.convert import convert
from plurel_prob.cli.describe import describe
from plurel_prob.cli.evaluate import evaluate
from plurel_prob.cli.graph import graph
from plurel_prob.cli.infer_features import features
from plurel_prob.cli.infer_links import links
from plurel_prob.cli.infer_schema import schema
from plurel_prob.cli.pretrain import pretrain
from plurel_prob.cli.sample import sample
from plurel_prob.cli.score import score
from plurel_prob.cli.show import show
from plurel_prob.cli.signals import TERMINATED, heed_signals
from plurel_prob.cli.tasks import tasks
from plurel_prob.cli.validate import validate
from plurel_prob.cli.verify import verify
from plurel_prob.errors import DatabaseError
from plurel_prob.priors import PriorError
from plurel_prob.sampling.pool import WorkerLost

LOST = 1
BAD_INPUT = 2
INTERRUPTED = 130

app = App(
    name="plurel-prob",
    help="Draw relational databases from a probabilistic program.",
    version=__version__,
    suppress_keyboard_interrupt=False,
)
app.command(sample)
app.command(describe)
app.command(show)
app.command(graph)
app.command(score)
app.command(verify)
app.command(tasks)
app.command(convert)
app.command(validate)
infer = App(name="infer", help="Infer what drew the tables of a folder in RelBench format, drawn or real.")
for command in (schema, links, features):
    infer.command(command)
app.command(infer)
app.command(pretrain)
app.command(evaluate)


def fail(message: str, code: int = BAD_INPUT) -> NoReturn:
    """Print one message on stderr and exit."""
    print(f"plurel-prob: {message}", file=sys.stderr)
    sys.exit(code)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line. Bad input is one message on stderr and exit code 2."""
    heed_signals()
    try:
        app(argv, exit_on_error=False, print_error=False, error_console=Console(stderr=True))
    except CycloptsError as error:
        fail(" ".join(str(error).split()))
    except (PriorError, DatabaseError) as error:
        fail(str(error))
    except WorkerLost as error:
        fail(str(error), LOST)
    except KeyboardInterrupt:
        fail("interrupted; what is complete stays, and the same command goes on", INTERRUPTED)
    except SystemExit as error:
        if error.code == TERMINATED:
            fail("terminated; what is complete stays, and the same command goes on", TERMINATED)
        raise
