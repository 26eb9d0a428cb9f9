"""``plurel-prob verify``."""

import sys
import tempfile
from pathlib import Path

import numpy as np
from cyclopts.types import NonNegativeInt
from rich.console import Console

WRONG = 1  # exit code


def verify(path: Path, /, *, redraw: NonNegativeInt = 1) -> None:
    """Check databases on disk: every file against its checksum, tables, keys; and draw some again from their seeds.

    Prints what is wrong, and ends with exit code 1 if anything is.

    Args:
        path: folder of a database, or of many.
        redraw: databases to draw again and compare, spread over all.
    """
    from plurel_prob.cli.sample import progress_bar, use_compilation_cache
    from plurel_prob.corpora import databases_in, leftovers_in, problems_of, redraw_problems

    folders = databases_in(path)
    console, n_wrong = Console(soft_wrap=True), 0
    chosen = {folders[i] for i in np.linspace(0, len(folders) - 1, min(redraw, len(folders))).round().astype(int)}
    use_compilation_cache()
    with progress_bar() as progress, tempfile.TemporaryDirectory() as redrawn:
        task = progress.add_task("checking", total=len(folders))
        for folder in folders:
            problems = problems_of(folder)
            if folder in chosen and not problems:
                problems = redraw_problems(folder, Path(redrawn))
            for problem in problems:
                console.print(f"{folder.name}/{problem}", highlight=False, markup=False)
            n_wrong += bool(problems)
            progress.advance(task)
    for folder in leftovers_in(path):
        console.print(f"{folder.name}: left by a run that was killed; `plurel-prob sample --out {path}` removes it", markup=False)
    if n_wrong:
        what_to_do = "Delete them and run `plurel-prob sample` again: it draws what is missing."
        console.print(f"{n_wrong} of {len(folders)} databases are wrong. {what_to_do}")
        sys.exit(WRONG)
    console.print(f"{len(folders)} databases are as they were written; {len(chosen)} drawn again, and the same.")
