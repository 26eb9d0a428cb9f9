"""Which labelled rows, and which features, a member of the ensemble sees; and which rows are held out to weigh the members."""

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from plurel_prob.rfm.rows.features import Kind, Labels
from plurel_prob.rfm.rows.learner.laws import Labelled

LATE = 0.4  # share of the rows, the latest, that every other sample is drawn from
RARE = 0.25  # share of a sample that a rare class has, if there are as many
N_FOLD, MIN_FOR_LAST = 5, 400  # parts that rows are held out in; rows from which on only the latest part is
MIN_OF_CLASS = 5  # labels of each class in what is held out, and in the rest

Rows = Int64[np.ndarray, " sampled"]
Columns = Int64[np.ndarray, " column"]


def late_half(labels: Labels, n: int, rng: np.random.Generator) -> Labels:
    """At most n labels: half of them the latest, half any others, in their order."""
    if len(labels) <= n:
        return labels
    order = np.argsort(labels.time, kind="stable")
    late, others = order[len(labels) - n // 2 :], order[: len(labels) - n // 2]
    return labels[np.sort(np.concatenate([late, rng.choice(others, n - len(late), replace=False)]))]


def sample_rows(labelled: Labelled, n: int, rng: np.random.Generator, *, late: bool) -> Rows:
    """At most n rows, of all or of the latest; if one of two classes is rare, it has more of them than its share."""
    order = np.argsort(labelled.time, kind="stable")
    pool = order[len(order) - max(n, int(LATE * len(order))) :] if late and len(order) > n else order
    if len(pool) <= n:
        return np.sort(pool)
    rare = np.zeros(0, np.int64)
    if labelled.kind == "binary":
        is_one = labelled.y[pool] == 1
        of_rare = pool[is_one if is_one.mean() < 0.5 else ~is_one]
        if len(of_rare) < RARE * len(pool):
            rare = rng.choice(of_rare, min(len(of_rare), int(RARE * n)), replace=False)
            pool = pool[is_one if is_one.mean() >= 0.5 else ~is_one]
    return np.sort(np.concatenate([rare, rng.choice(pool, n - len(rare), replace=False)]))


def sample_features(labelled: Labelled, n: int, rng: np.random.Generator) -> Columns:
    """At most n features that are not the same in all rows: half of them those that go with the label most, half any others."""
    is_known = ~np.isnan(labelled.x)
    first = labelled.x[is_known.argmax(0), np.arange(labelled.x.shape[1])]
    with np.errstate(invalid="ignore"):
        differs = (is_known & (labelled.x != first)).any(0) | (is_known.any(0) & ~is_known.all(0))
    told = np.flatnonzero(differs)
    if len(told) <= n:
        return told
    order = told[np.argsort(-relevance(labelled, told), kind="stable")]
    return np.sort(np.concatenate([order[: n // 2], rng.choice(order[n // 2 :], n - n // 2, replace=False)]))


def relevance(labelled: Labelled, columns: Columns) -> Float64[np.ndarray, " column"]:
    """Largest correlation of ranks of features, a missing one being in the middle, with those of the label, or with a class."""
    rank = np.empty((len(labelled), len(columns)), np.float32)
    for place, column in enumerate(columns):
        value = labelled.x[:, column]
        rank[:, place] = np.where(np.isnan(value), np.nan, _ranks(value))
    rank = _standard(np.where(np.isnan(rank), np.nanmean(rank, 0), rank))
    label = labelled.y[:, None] == np.arange(labelled.n_class) if labelled.kind == "classes" else _ranks(labelled.y)[:, None]
    return np.abs(rank.T @ _standard(label.astype(np.float64))).max(1)


def _ranks(value: Float[np.ndarray, " row"]) -> Float64[np.ndarray, " row"]:
    _, place, count = np.unique(value, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - count / 2)[place]


def _standard(x: Float[np.ndarray, "row column"]) -> Float64[np.ndarray, "row column"]:
    centred = x - x.mean(0, dtype=np.float64)
    return centred / np.maximum(np.linalg.norm(centred, axis=0), 1e-12)


def latest_fifth(time: Int64[np.ndarray, " row"]) -> Bool[np.ndarray, " row"]:
    """The latest fifth of rows, at least one."""
    is_last, n = np.zeros(len(time), bool), max(1, len(time) // N_FOLD)
    is_last[np.argsort(time, kind="stable")[len(time) - n :]] = True
    return is_last


def folds(labelled: Labelled, rng: np.random.Generator) -> list[Bool[np.ndarray, " row"]]:
    """Rows that are held out: the latest fifth; if there are few, or a class would have none, every row in one of five parts."""
    last = latest_fifth(labelled.time)
    if len(labelled) >= MIN_FOR_LAST and _has_all(labelled.y, last, labelled.kind):
        return [last]
    order = np.lexsort((rng.random(len(labelled)), labelled.y if labelled.kind != "number" else np.zeros(len(labelled))))
    part = np.empty(len(labelled), np.int64)
    part[order] = np.arange(len(labelled)) % N_FOLD
    return [part == fold for fold in range(N_FOLD)]


def _has_all(y: Float64[np.ndarray, " row"], held: Bool[np.ndarray, " row"], kind: Kind) -> bool:
    if kind == "number":
        return len(np.unique(y[held])) > 1 and len(np.unique(y[~held])) > 1
    found = np.unique(y)
    return all((y[part] == label).sum() >= MIN_OF_CLASS for part in (held, ~held) for label in found)
