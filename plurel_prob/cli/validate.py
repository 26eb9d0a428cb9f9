"""``plurel-prob validate``."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from plurel_prob.cli.output import AsJson, PlainConsole, new_table, print_json, print_table

if TYPE_CHECKING:
    from rich.table import Table

    from plurel_prob.validation import Violation
else:
    Table = Violation = Any  # imported where folders are read

WRONG = 1  # exit code
MAX_SHOWN = 5  # problems of a rule


def validate(
    path: Path,
    /,
    *,
    profile: Annotated[Literal["relbench", "rt"], Parameter(name="--for")] = "relbench",
    as_json: AsJson = False,
) -> None:
    """Check whether a folder is valid in RelBench format: manifest, keys, times, types, tasks, labels.

    Prints what is wrong, and ends with exit code 1 if anything is.

    For example:

        plurel-prob validate out/plurel-10
        plurel-prob validate out/plurel-10 --for rt --json

    Args:
        path: folder of the database, drawn or real, such as out/plurel-10.
        profile: relbench, or rt: also what the Relational Transformer's own reader needs.
        as_json: print a list of problems in JSON, and nothing else.
    """
    from plurel_prob.validation import validate as problems_of

    console = PlainConsole(soft_wrap=True)
    problems = problems_of(path, profile, on_note=PlainConsole(stderr=as_json, soft_wrap=True).print)
    if as_json:
        print_json([asdict(problem) for problem in problems])
        sys.exit(WRONG if problems else 0)
    if not problems:
        console.print(f"{path} is as {profile} needs it.")
        return
    print_table(problems_table(problems))
    rules = Counter(problem.rule for problem in problems)
    counts = ", ".join(f"{rule} {n:,}" for rule, n in rules.items())
    console.print(f"Problems in {path}: {counts}.")
    sys.exit(WRONG)


def problems_table(problems: Sequence[Violation]) -> Table:
    """Return a row for each problem, of the first five of each rule."""
    result, seen = new_table("rule", "table", "column", "problem", numbers=("first row", "rows")), Counter[str]()
    for problem in problems:
        seen[problem.rule] += 1
        if seen[problem.rule] <= MAX_SHOWN:
            row = "" if problem.row is None else f"{problem.row:,}"
            n_row = "" if problem.row is None else f"{problem.n_row:,}"
            result.add_row(problem.rule, problem.table or "", problem.column or "", problem.message, row, n_row)
    return result
