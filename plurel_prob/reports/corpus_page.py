"""The page of many databases."""

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from plurel_prob.reports.charts import category_bars, compact, histogram, percent
from plurel_prob.reports.corpus import Entry
from plurel_prob.reports.render import render
from plurel_prob.reports.svg import Drawing

N_NAMED = 12  # families and types that have a bar of their own


def corpus_page(path: Path, entries: Sequence[Entry], pages: str | None) -> str:
    """Return the page of a corpus: one HTML file that needs no network.

    Args:
        path: folder of the databases.
        entries: the databases.
        pages: folder of their own pages, relative to this one; without it the table has the commands that make them.
    """
    links = {name: f"{pages}/{file}" for name, file in file_names([entry.name for entry in entries]).items()} if pages else {}
    commands = {entry.name: f"plurel-prob show {shlex.quote(str(path / entry.name))}" for entry in entries}
    return render(
        "corpus.html",
        name=path.resolve().name,
        facts=facts_of(entries),
        drawings=drawings_of(entries),
        entries=entries,
        links=links,
        commands=commands,
    )


def file_names(names: Sequence[str]) -> dict[str, str]:
    """Files of the pages of databases: whatever they are called, a file each."""
    taken: dict[str, str] = {}
    for name in names:
        stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
        same = sum(file.casefold().rpartition("~")[0] == stem.casefold() for file in taken.values())
        taken[name] = f"{stem}~{same}"
    return {name: file.removesuffix("~0").replace("~", "-") + ".html" for name, file in taken.items()}


def facts_of(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """Sizes of the whole corpus."""
    priors = Counter(entry.prior or "none (not drawn)" for entry in entries)
    return [
        ("databases", f"{len(entries):,}"),
        ("tables", f"{sum(entry.n_table for entry in entries):,}"),
        ("rows", f"{sum(entry.n_row for entry in entries):,}"),
        ("foreign keys", f"{sum(entry.n_key for entry in entries):,}"),
        ("feature columns", f"{sum(entry.kinds.total() for entry in entries):,}"),
        ("size of the tables", f"{compact(float(sum(entry.n_byte for entry in entries)))}B"),
        ("graph families known", f"of {sum(bool(entry.family) for entry in entries):,} databases"),
        ("priors", ", ".join(f"{prior} ({n:,})" for prior, n in priors.most_common())),
    ]


def drawings_of(entries: Sequence[Entry]) -> list[tuple[str, Drawing]]:
    """Distributions over databases, those of what is known."""
    drawings = [
        spread("Tables", [entry.n_table for entry in entries]),
        spread("Rows", [entry.n_row for entry in entries], is_log=True),
        spread("Foreign keys", [entry.n_key for entry in entries]),
        spread("Feature columns", [entry.kinds.total() for entry in entries]),
        spread("Share of activity tables", [entry.n_activity / max(entry.n_table, 1) for entry in entries]),
        spread("Share of missing cells", [entry.missing for entry in entries if entry.missing is not None]),
        spread("Bytes of the tables", [entry.n_byte for entry in entries], is_log=True),
        shares("Types of feature columns", sum((entry.kinds for entry in entries), Counter())),
        shares("Graph families of schemas", Counter(entry.family for entry in entries if entry.family)),
        shares("Graph families of tables", sum((entry.table_families for entry in entries), Counter())),
    ]
    return [(name, drawing) for name, drawing in drawings if drawing is not None]


def spread(name: str, values: Sequence[int | float], *, is_log: bool = False) -> tuple[str, Drawing | None]:
    """A histogram over databases."""
    array = np.asarray([value for value in values if value > 0 or not is_log], np.float64)
    if not len(array):
        return name, None
    low, middle, high = (compact(float(q)) for q in np.quantile(array, [0, 0.5, 1]))
    words = f"From {low} to {high}, median {middle}."
    return name, histogram(array, f"{name} a database", words, what="databases", is_log=is_log)


def shares(name: str, count: Counter[str]) -> tuple[str, Drawing | None]:
    """Bars of the most common ones."""
    total = count.total()
    if not total:
        return name, None
    common = [(kind, n / total) for kind, n in count.most_common(N_NAMED)]
    rest = 1 - sum(share for _, share in common)
    others = (f"{len(count) - N_NAMED} others", rest) if len(count) > N_NAMED else None
    words = ", ".join(f"{kind} {percent(share)}" for kind, share in common)
    return name, category_bars(common, others, name, f"{words}.")
