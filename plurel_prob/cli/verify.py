"""``plurel-prob verify``."""

import sys
from collections import Counter

import numpy as np
from cyclopts.types import NonNegativeInt

from plurel_prob.cli.output import PlainConsole
from plurel_prob.errors import DatabaseError

WRONG = 1  # exit code


def verify(path: str, /, *, redraw: NonNegativeInt = 1) -> None:
    """Check databases: every file against its checksum, tables, keys; and draw some again from their seeds.

    Prints what is wrong, and ends with exit code 1 if anything is.

    Such as:

        plurel-prob verify out
        plurel-prob verify s3://bucket/prefix --redraw 10

    Args:
        path: folder of a database, or of many; or the URL of either in object storage, such as s3://bucket/prefix: each database
            is downloaded into a temporary folder, one after another.
        redraw: databases to draw again and compare, spread over all.
    """
    from plurel_prob import corpora
    from plurel_prob.cli.progress import progress_bar

    corpus = corpora.open_corpus(path)
    names = corpus.databases()
    console, n_wrong, n_unsealed, redrawn = PlainConsole(soft_wrap=True), 0, 0, Counter[str]()
    chosen = {names[i] for i in np.linspace(0, len(names) - 1, min(redraw, len(names))).round().astype(int)}
    with progress_bar() as progress:
        task = progress.add_task("checking", total=len(names))
        for name in names:
            try:
                with corpus.reading(name) as folder:
                    place, problems = folder.name, corpora.problems_of(folder)
                    if not problems:
                        n_unsealed += not corpora.is_sealed(folder)
                    if name in chosen and not problems:
                        how, problems = corpora.redraw(folder)
                        redrawn[how] += not problems
            except DatabaseError as error:  # it cannot be reached; the others can
                place, problems = name, [str(error)]
            for problem in problems:
                console.print(f"{place}/{problem}")
            n_wrong += bool(problems)
            progress.advance(task)
    for leftover in corpus.leftovers():
        console.print(leftover)
    if n_wrong:
        what_to_do = "Delete them and run `plurel-prob sample` again: it draws what is missing."
        console.print(f"{n_wrong} of {len(names)} databases are wrong. {what_to_do}")
        sys.exit(WRONG)
    findings = [f"{n} {how}" for how, n in redrawn.items()] or ["none drawn again"]
    if n_unsealed:
        findings.append(f"{n_unsealed} with a plurel_prob.json of an earlier version, which has no checksum of its own")
    console.print(f"{len(names)} databases are as they were written; {'; '.join(findings)}.")
