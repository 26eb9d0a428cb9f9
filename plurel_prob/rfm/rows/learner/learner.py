"""Predictions for rows of a relational database, from labelled rows in context, by a network that comes trained."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64

from plurel_prob.databases import Database
from plurel_prob.errors import DatabaseError
from plurel_prob.programs.files import use_compilation_cache
from plurel_prob.rfm.rows.features import Labels, Question
from plurel_prob.rfm.rows.learner.blend import blend
from plurel_prob.rfm.rows.learner.boosting import Boosting
from plurel_prob.rfm.rows.learner.importance import By, groups_of, importance
from plurel_prob.rfm.rows.learner.laws import LEVELS, MEDIAN, Labelled, Law
from plurel_prob.rfm.rows.learner.networks import InContext
from plurel_prob.rfm.rows.learner.samples import folds, late_half
from plurel_prob.rfm.rows.learner.sources import LearningProblem, problem_of
from plurel_prob.rfm.rows.tasks import Regime, RowTask
from plurel_prob.rfm.rows.weights import WEIGHTS

Members = Literal["all", "network", "trees"]
Point = Literal["mean", "median"]
OnRows = Callable[[str, int, int], None]  # what is done next, how much of it is done, how much there is
MAX_LABEL = 20_000  # labelled rows whose features are made
MAX_CELL = 4_000_000  # of their features that are learned from
MIN_LABEL = 10
CHUNK = 8192  # rows whose features are made at once


@dataclass
class RowLearner:
    """Predicts rows of a database, as scikit-learn's estimators do of a table: ``fit``, ``predict``, ``predict_proba``.

    Labelled rows of a task become features of what was known at their times. A network of rows predicts others with samples of
    them in its context, boosted trees (LightGBM, if it is installed) are fitted to them, and the two are averaged with weights
    that held-out labels choose: the latest fifth, or all in five parts if there are few. The same seed gives the same
    predictions, and a row's does not depend on which others are asked for.

    Attributes:
        network: of rows; see :meth:`load`.
        members: what predicts: ``"all"``, or one alone.
        n_sample: contexts that the network's predictions are averaged over.
        n_context: labelled rows in a context at most.
        n_feature: features in a context at most; each has others.
        seed: of samples and of trees.
        on_rows: called with what is done.
    """

    network: Any
    members: Members = "all"
    n_sample: int = 8
    n_context: int = 800
    n_feature: int = 128
    seed: int = 0
    on_rows: OnRows = lambda what, n_done, n: None

    @classmethod
    def load(cls, path: Path | None = None, **settings: Any) -> "RowLearner":
        """Learner with a trained network.

        Args:
            path: file of weights; by default the package's.
            **settings: attributes.

        Raises:
            DatabaseError: the file cannot be read.
        """
        use_compilation_cache()
        if settings.get("members") == "trees":
            return cls(None, **settings)
        from plurel_prob.rfm.rows.network import load_network

        packaged = files("plurel_prob.rfm.rows.weights") / WEIGHTS
        with as_file(packaged) if path is None else nullcontext(path) as file:
            return cls(load_network(file)[0], **settings)

    def fit(
        self,
        database: Path | str | Database | RowTask,
        task: str | Question | None = None,
        labels: Labels | None = None,
        *,
        split: str = "test",
        regime: Regime = "rolling",
    ) -> "RowLearner":
        """Learn from what is known of a task.

        Args:
            database: folder in RelBench format, drawn or observed database, or a task with its database.
            task: name of one of the folder, or a question with labels; none with a task that is read.
            labels: of a question: row numbers of its table, times, and values; rows without one are those to predict.
            split: split of the task to predict; labels of the splits before it are learned from.
            regime: whether features show labels of the split itself as soon as they are known (rolling), or none (frozen).

        Raises:
            DatabaseError: there is no such task, or there are too few labels, or all are the same.
        """
        self.problem_ = problem_of(database, task, labels, split, regime)
        self.labelled_ = self._labelled(self.problem_)
        self.members_ = self._members()
        self.folds_ = folds(self.labelled_, np.random.default_rng([self.seed, 1]))
        laws, self._tuned = [], []
        for place, member in enumerate(self.members_):
            self.on_rows(f"fitting the {member.name}", place, len(self.members_))
            law, predict = member.tune(self.labelled_, self.folds_)
            laws.append(law)
            self._tuned.append(predict)
            member.fit(self.labelled_)
        held = np.concatenate([np.flatnonzero(held) for held in self.folds_])
        self.blend_ = blend(laws, self.labelled_.y[held], self.labelled_.kind)
        return self

    def predict(self, rows: str | pd.DataFrame | Labels | None = None, *, point: Point = "mean") -> Float64[np.ndarray, " row"]:
        """Predict rows: the chance of a 1, a number, or the likeliest class.

        Args:
            rows: name of the split, a frame with columns of entities (row numbers) and times, or labels; by default those that
                were asked about when fitted.
            point: of a number: its ``"mean"``, which has the smallest squared error, or its ``"median"``, which has the smallest
                absolute one.
        """
        law = self.law(rows)
        if self.labelled_.kind == "classes":
            return law.argmax(1).astype(np.float64)
        return law[:, 0] if self.labelled_.kind == "binary" or point == "mean" else law[:, MEDIAN]

    def predict_proba(self, rows: str | pd.DataFrame | Labels | None = None) -> Float64[np.ndarray, "row class"]:
        """Chances of the classes; of a binary label of 0 and of 1.

        Raises:
            DatabaseError: labels are numbers.
        """
        if self.labelled_.kind == "number":
            raise DatabaseError("labels are numbers, which have no chances; predict_quantiles says how sure a prediction is")
        law = self.law(rows)
        return np.concatenate([1 - law, law], 1) if self.labelled_.kind == "binary" else law

    def predict_quantiles(
        self, levels: Float64[np.ndarray, " level"] | list[float] | None = None, rows: str | pd.DataFrame | Labels | None = None
    ) -> Float64[np.ndarray, "row level"]:
        """Quantiles of numbers, interpolated between .05, .10, ..., .95, beyond which they are the outermost.

        Raises:
            DatabaseError: labels are no numbers.
        """
        if self.labelled_.kind != "number":
            raise DatabaseError("labels are no numbers and have no quantiles; predict_proba says how sure a prediction is")
        wanted = np.asarray(LEVELS if levels is None else levels, np.float64)
        return quantiles_at(self.law(rows), wanted)

    def law(self, rows: str | pd.DataFrame | Labels | None = None) -> Law:
        """Predictive laws of rows (:mod:`plurel_prob.rfm.rows.learner.laws`), in parts, so that memory is bounded."""
        asked = self.rows(rows)
        if not len(asked):
            raise DatabaseError("there is no row to predict")
        return np.concatenate(list(self._laws(asked)))

    def importance(self, by: By = "column", *, n_row: int = 1000) -> pd.DataFrame:
        """How much worse held-out labelled rows are predicted without a column or a table; see :func:`importance`."""
        held = np.flatnonzero(self.folds_[-1])
        if len(held) > n_row:
            held = np.sort(np.random.default_rng([self.seed, 2]).choice(held, n_row, replace=False))

        def law(x: Float32[np.ndarray, "row feature"]) -> Law:
            return self.blend_([predict(x) for predict in self._tuned])

        places = groups_of(self.names_, by, self.problem_.tables, self.problem_.question)
        return importance(law, self.labelled_.of(held), places, np.random.default_rng([self.seed, 3]), self.on_rows)

    def rows(self, rows: str | pd.DataFrame | Labels | None = None) -> Labels:
        """Entities and times that are asked about.

        Raises:
            DatabaseError: it was fitted for another split, or a frame has no such column or row.
        """
        if isinstance(rows, pd.DataFrame):
            return self.problem_.rows_of(rows)
        if isinstance(rows, Labels):
            return rows
        if rows not in (None, self.problem_.name):
            raise DatabaseError(
                f"fitted for the split {self.problem_.name or 'that labels are missing of'}: fit(..., split={rows!r})"
            )
        return self.problem_.rows

    def _laws(self, asked: Labels) -> Iterator[Law]:
        for start in range(0, len(asked), CHUNK):
            self.on_rows("predicting", start, len(asked))
            x = self.problem_.features(asked[np.arange(start, min(start + CHUNK, len(asked)))]).values
            yield self.blend_([member.predict(x) for member in self.members_])

    def _labelled(self, problem: LearningProblem) -> Labelled:
        rng = np.random.default_rng([self.seed, 0])
        labels = late_half(problem.context, MAX_LABEL, rng)
        if len(labels) < MIN_LABEL:
            raise DatabaseError(f"{len(labels)} labels are too few to learn from: give {MIN_LABEL} or more")
        if (labels.value == labels.value[0]).all():
            raise DatabaseError(f"all {len(labels):,} labels are {labels.value[0]:g}: there is nothing to tell apart")
        labels = late_half(labels, max(1000, MAX_CELL // max(1, len(problem.prepared.names))), rng)
        self.on_rows("making features", 0, len(labels))
        self.names_, x = problem.features(labels)
        if not (~np.isnan(x)).any():
            raise DatabaseError("nothing is known of any labelled row: the tables around it have no column to learn from")
        n_class = int(labels.value.max()) + 1 if problem.question.kind == "classes" else 0
        return Labelled(x, labels.value, labels.time, problem.question.kind, n_class)

    def _members(self) -> list[InContext | Boosting]:
        in_context = InContext(self.network, self.n_sample, self.n_context, self.n_feature, self.seed)
        if self.members == "network":
            return [in_context]
        if find_spec("lightgbm") is None:
            if self.members == "trees":
                raise DatabaseError("boosted trees need the package lightgbm: pip install lightgbm")
            warnings.warn("without the package lightgbm only the network predicts: pip install lightgbm", stacklevel=3)
            return [in_context]
        trees = Boosting(self.seed)
        return [trees] if self.members == "trees" else [in_context, trees]


def quantiles_at(law: Law, levels: Float64[np.ndarray, " level"]) -> Float64[np.ndarray, "row level"]:
    """Quantiles of numbers at levels between those of a law."""
    place = np.interp(levels, LEVELS, np.arange(len(LEVELS)))
    below = np.minimum(place.astype(np.int64), len(LEVELS) - 2)
    share = place - below
    return (1 - share) * law[:, 1 + below] + share * law[:, 2 + below]
