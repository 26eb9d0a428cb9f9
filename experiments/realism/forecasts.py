"""How predictable are forecasts of child rows, and from what? See README.md.

    python -m experiments.realism.forecasts --data out/realism/... --out results/forecasts.jsonl
    python -m experiments.realism.forecasts --out results/forecasts.jsonl    # the table of what is there

A line of JSON for each forecast: the score of LightGBM with all features, and without those of a kind. Databases are in RelBench
format; those of a folder that have lines are left out.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score, roc_auc_score

from experiments.lines import append_lines, read_lines
from plurel_prob.rfm.columns import NEVER, STATIC
from plurel_prob.rfm.evaluation.baselines import boosted_trees
from plurel_prob.rfm.rows.features import Labels, Question, Tables, row_features
from plurel_prob.rfm.rows.learner.laws import Labelled
from plurel_prob.rfm.rows.questions import (
    Forecast,
    Measure,
    forecast_labels,
    forecast_rows,
    last_time,
    question_of_forecast,
)
from plurel_prob.rfm.rows.training.databases import read_known

MEASURES: tuple[Measure, ...] = ("any", "count", "mean")
SCORES = {
    "any": ("AUROC", 0.6),
    "count": ("R2", 0.1),
    "mean": ("R2", 0.1),
}  # from when on it is predictable
N_TRY, N_TASK = 8, 2  # of each measure in a database
N_KNOWN, N_ROW, MIN_ROW = 10_000, 1200, 150  # labels that features see; of a forecast, at most and at least
MIN_OTHER = 10  # labels that are not the commonest one
SPAN = (0.004, 0.2)  # lengths of windows, as shares of the time in which there are child rows
KINDS = {  # of features, by their names: what is left out
    "its history": re.compile(r"^known|^[^-]*<-"),
    "siblings": re.compile(r"^->.*(<-| known)|^all known"),
    "parents": re.compile(r"^->(?!.*(<-| known))"),
}


class Task(NamedTuple):
    """A forecast with its labels."""

    question: Question
    labels: Labels
    known: Labels


def edges(tables: Tables) -> list[tuple[str, str, str]]:
    """Parent, child and key of what can be asked about."""
    found = []
    for child, numbers in tables.items():
        time = numbers.time[(numbers.time != STATIC) & (numbers.time != NEVER)]
        if len(time) >= MIN_ROW and time.min() < time.max():
            found += [(parent, child, key) for key, (parent, _) in numbers.parents.items()]
    return found


def task(tables: Tables, measure: Measure, rng: np.random.Generator) -> Task | None:
    """Draw a forecast: child rows of any key, in a window of any length; None if it has too few labels."""
    options = edges(tables)
    if not options:
        return None
    parent, child, key = options[rng.integers(len(options))]
    columns = [*tables[child].value]
    if measure == "mean" and not columns:
        return None
    column = columns[rng.integers(len(columns))] if measure == "mean" else ""
    time = tables[child].time[(tables[child].time != STATIC) & (tables[child].time != NEVER)]
    window = max(1, int((time.max() - time.min()) * np.exp(rng.uniform(*np.log(SPAN)))))
    forecast, until = Forecast(parent, child, key, measure, column, window), last_time(tables)
    labels = forecast_labels(tables, forecast, forecast_rows(tables, forecast, until, N_KNOWN, rng), until).present()
    counts = np.unique(labels.value, return_counts=True)[1]
    if len(labels) < MIN_ROW or len(labels) - counts.max() < max(MIN_OTHER, len(labels) // 50):
        return None
    question = question_of_forecast(tables, forecast)
    return Task(question, labels, labels.later(question.wait))


def scores(tables: Tables, asked: Task, measure: Measure, rng: np.random.Generator) -> dict[str, float]:
    """Score of the forecast by all features, and without each kind, on a third of the rows."""
    n = min(len(asked.labels), N_ROW)
    labels = asked.labels[rng.choice(len(asked.labels), n, replace=False)]
    features = row_features(tables, asked.question, labels, asked.known)
    name, _ = SCORES[measure]
    is_train = np.arange(n) < 2 * n // 3

    def score(is_seen: np.ndarray) -> float:
        x = np.where(np.isfinite(features.values), features.values, np.nan)[:, is_seen]
        if not is_seen.any():
            return 0.5 if name == "AUROC" else 0.0
        y = labels.value.astype(float)
        told = Labelled(x[is_train], y[is_train], np.arange(is_train.sum()), asked.question.kind)
        expected = boosted_trees(told, x[~is_train]).mean
        return float(roc_auc_score(y[~is_train], expected) if name == "AUROC" else r2_score(y[~is_train], expected))

    found = {"all": score(np.ones(len(features.names), bool))}
    for kind, pattern in KINDS.items():
        found[f"without {kind}"] = score(np.array([pattern.search(name) is None for name in features.names]))
    return found


def measured(folder: Path, seed: int) -> Iterator[dict[str, object]]:
    """Forecasts of a database."""
    tables = read_known(folder)
    for measure in MEASURES:
        rng, n_found = np.random.default_rng([seed, MEASURES.index(measure)]), 0
        for _ in range(N_TRY):
            asked = task(tables, measure, rng) if n_found < N_TASK else None
            if asked is not None:
                n_found += 1
                yield {"database": folder.name, "measure": measure, "n": n_found} | scores(tables, asked, measure, rng)


def table(lines: list[dict[str, object]]) -> pd.DataFrame:
    """Share of predictable forecasts by measure, and the median score with all features and without each kind."""
    frame = pd.DataFrame(lines)
    rows = {}
    for measure, part in frame.groupby("measure") if len(frame) else ():
        name, least = SCORES[str(measure)]
        medians = part[["all", *(f"without {kind}" for kind in KINDS)]].median()
        rows[measure] = {"n": len(part), "predictable": (part["all"] > least).mean(), "score": name} | medians.to_dict()
    return pd.DataFrame(rows).T


def main() -> None:
    """Measure what is asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="databases in RelBench format")
    parser.add_argument("--out", type=Path, required=True, help="file of results")
    options = parser.parse_args()
    done = {line["database"] for line in read_lines(options.out)}
    for seed, folder in enumerate(options.data):
        if folder.name not in done:
            append_lines(
                options.out, measured(folder, seed), ("lightgbm",), lambda line: f"{line['database']}: {line['measure']}"
            )
    print(table(read_lines(options.out)).to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
