"""Which columns matter: how much worse predictions are when rows have each other's values of one."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Int64

from plurel_prob.rfm.rows.features import Question, Tables
from plurel_prob.rfm.rows.learner.laws import Labelled, Law, losses

By = Literal["column", "table"]
Places = Int64[np.ndarray, " place"]
CALENDAR, HISTORY = "(calendar)", "(earlier labels)"
N_PERMUTATION = 2
# what a feature's name has after the column that it is made of
STATISTIC = re.compile(
    r"( missing)?( (n|age|days since|days between|mean|last|last 3|last 10|min|max|std|trend|same|length|words \d))?"
    r"( in \d+ days)?$"
)


def importance(
    predict: Callable[[np.ndarray], Law],
    labelled: Labelled,
    groups: Mapping[str, Places],
    rng: np.random.Generator,
    on_rows: Callable[[str, int, int], None],
) -> pd.DataFrame:
    """Loss that permuting groups of features adds, of each group all columns alike.

    Args:
        predict: laws of rows, of which none is in the context.
        labelled: rows.
        groups: places of features by name.
        rng: of the permutations.
        on_rows: called with what is done.

    Returns:
        A row for each group, the most important first: its ``name``, number of ``features``, the ``loss`` that is added, as a
        share of the loss of all features, and its standard error ``se`` over rows.
    """
    base, found = losses(predict(labelled.x), labelled.y, labelled.kind), []
    for n_done, (name, places) in enumerate(groups.items()):
        on_rows("leaving out", n_done, len(groups))
        added = np.zeros(len(labelled))
        for _ in range(N_PERMUTATION):
            x = labelled.x.copy()
            x[:, places] = labelled.x[rng.permutation(len(x))][:, places]
            added += (losses(predict(x), labelled.y, labelled.kind) - base) / N_PERMUTATION
        scale = max(float(base.mean()), 1e-12)
        found.append((name, len(places), added.mean() / scale, added.std() / np.sqrt(len(added)) / scale))
    frame = pd.DataFrame(found, columns=["name", "features", "loss", "se"])
    return frame.sort_values("loss", ascending=False, ignore_index=True)


def groups_of(names: Sequence[str], by: By, tables: Tables, question: Question) -> dict[str, Places]:
    """Places of features by the column, or the table, that they are made of."""
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        groups.setdefault(source_of(name, by, tables, question), []).append(place)
    return {name: np.array(places) for name, places in groups.items()}


def source_of(name: str, by: By, tables: Tables, question: Question) -> str:
    """Column that a feature is made of, with its path; or the table at the end of the path, seen from the question's."""
    if name.startswith(("known", "all known")) or " known" in name:
        return HISTORY
    if not re.match(r"->|" + re.escape(question.table) + r"(\.|<-| age)", name):
        return CALENDAR
    column = STATISTIC.sub("", name.split("=")[0])
    if by == "column":
        return column
    referring = re.findall(r"<-([^<]+?)\.", column)
    if referring:
        return referring[-1]
    key = re.match(r"->([^.<>]+?)(->|\.|$)", column)
    parents = tables[question.table].parents
    return parents[key[1]][0] if key and key[1] in parents else question.table
