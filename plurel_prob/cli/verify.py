"""``plurel-prob verify``."""

import sys
from collections import Counter
from pathlib import Path

from plurel_prob.cli.numbers import NonNegativeInt
from plurel_prob.cli.output import AsJson, PlainConsole, counted, print_json
from plurel_prob.errors import DatabaseError
from plurel_prob.files.records import PROVENANCE

WRONG = 1  # exit code


def verify(path: str, /, *, redraw: NonNegativeInt = 1, as_json: AsJson = False) -> None:
    """Check whether drawn databases are intact, by checksums, and whether drawing some again from their seeds gives the same.

    Prints what is wrong, and ends with exit code 1 if anything is.

    For example:

        plurel-prob verify out
        plurel-prob verify s3://bucket/prefix --redraw 10

    Args:
        path: folder of a database, or of many; or the URL of either in object storage, such as s3://bucket/prefix: each database
            is downloaded into a temporary folder, one after another.
        redraw: databases to draw again and compare, spread over all.
        as_json: print JSON, and nothing else.
    """
    from plurel_prob import corpora
    from plurel_prob.cli.progress import progress_bar
    from plurel_prob.databases.manifest import MANIFEST

    if "://" not in path and (Path(path) / MANIFEST).exists() and not (Path(path) / PROVENANCE).exists():
        what = "has no plurel_prob.json with checksums, as databases have that this program drew into a folder"
        raise DatabaseError(f"{path}: {what}; `plurel-prob validate {path}` checks any")
    corpus = corpora.open_corpus(path)
    names = corpus.databases()
    wrong, n_unsealed, redrawn = dict[str, list[str]](), 0, Counter[str]()
    n_chosen = min(redraw, len(names))
    chosen = {names[round(i * (len(names) - 1) / max(n_chosen - 1, 1))] for i in range(n_chosen)}
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
            if problems:
                wrong[place] = problems
            progress.advance(task)
    leftovers, others = corpus.leftovers(), _other_databases(path, names)
    if as_json:
        counts = {"databases": len(names), "redrawn": dict(redrawn), "without_checksum": n_unsealed}
        print_json(counts | {"wrong": wrong, "leftovers": leftovers, "not_checked": others})
        sys.exit(WRONG if wrong else 0)
    console = PlainConsole(soft_wrap=True)
    for place, problems in wrong.items():
        for problem in problems:
            console.print(f"{place}/{problem}")
    for leftover in leftovers:
        console.print(leftover)
    for name in others:
        what_to_do = f"plurel-prob verify {Path(path) / name}"
        console.print(f"{name}: not checked, as it is not named plurel-SEED; {what_to_do}")
    if wrong:
        what_to_do = "Delete them and run `plurel-prob sample` again: it draws what is missing."
        console.print(
            f"{len(wrong)} of {counted(len(names), 'database')} {'is' if len(wrong) == 1 else 'are'} wrong. {what_to_do}"
        )
        sys.exit(WRONG)
    findings = [f"{n} {how}" for how, n in redrawn.items()] or ["none drawn again"]
    if n_unsealed:
        findings.append(f"{n_unsealed} with a plurel_prob.json of an earlier version, which has no checksum of its own")
    verb = "is as it was" if len(names) == 1 else "are as they were"
    console.print(f"{counted(len(names), 'database')} {verb} written; {'; '.join(findings)}.")


def _other_databases(path: str, names: list[str]) -> list[str]:
    """Drawn databases beside those that are checked: their names are not by seed, as those that ``do`` writes."""
    if "://" in path or names == ["."]:
        return []
    return sorted({file.parent.name for file in Path(path).glob(f"*/{PROVENANCE}")} - {*names})
