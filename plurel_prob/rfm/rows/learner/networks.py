"""The network of rows as a member of the ensemble: an average over samples of the labelled rows, and of the features."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from plurel_prob.rfm.rows.features import KINDS
from plurel_prob.rfm.rows.learner.laws import HeldLaw, Labelled, Law, log_odds, sigmoid
from plurel_prob.rfm.rows.learner.samples import Columns, Rows, sample_features, sample_rows

MAX_CLASS = 10  # that the network tells apart; of more, the rarest are one
N_QUERY = 1024  # rows that are predicted at once
MEAN = np.array([1.5, *np.ones(17), 1.5]) / 20  # of a number, from its quantiles: the outer ones stand for a half more
N_TUNE = 4  # samples for the rows that are held out


class _State(NamedTuple):
    """A sample in context.

    Attributes:
        encoded: the network's state.
        features: the features that it has.
        mean, std: of its labels, if they are numbers.
        odds: log-odds of a 1 in it, less those in all labelled rows.
        kept: classes that the network tells apart.
    """

    encoded: Any
    features: Columns
    mean: float
    std: float
    odds: float
    kept: Int64[np.ndarray, " kept"]


@dataclass
class InContext:
    """The network, with some of the labelled rows as its context, several times.

    Attributes:
        network: see :class:`plurel_prob.rfm.rows.network.RowNetwork`.
        n_sample: number of samples.
        n_context: rows of a sample at most.
        n_feature: features of a sample at most.
        seed: of the samples.
    """

    network: Any
    n_sample: int
    n_context: int
    n_feature: int
    seed: int
    name: str = "network"

    def tune(self, labelled: Labelled, folds: Sequence[Bool[np.ndarray, " row"]]) -> tuple[HeldLaw, Callable]:
        """Laws of rows that are held out, part after part, and what predicted the last part."""
        laws = []
        for held in folds:
            states = self._states(labelled.of(~held), min(self.n_sample, N_TUNE))
            laws.append(self._average(states, labelled.x[held], labelled))
        return np.concatenate(laws), lambda x: self._average(states, x, labelled)

    def fit(self, labelled: Labelled) -> None:
        """Put samples into contexts."""
        self._labelled, self._states_of_all = labelled, self._states(labelled, self.n_sample)

    def predict(self, x: Float32[np.ndarray, "row feature"]) -> Law:
        """Predict rows."""
        return self._average(self._states_of_all, x, self._labelled)

    def _states(self, labelled: Labelled, n_sample: int) -> list[_State]:
        """Contexts: every other one of the latest rows; one for all if they have all rows and all features."""
        states = []
        for sample in range(n_sample):
            rng = np.random.default_rng([self.seed, sample])
            rows = sample_rows(labelled, self.n_context, rng, late=sample % 2 == 1)
            features = sample_features(labelled.of(rows), self.n_feature, rng)
            states.append(self._state(labelled, rows, features))
            if len(rows) == len(labelled) and len(features) < self.n_feature:
                break
        return states

    def _state(self, labelled: Labelled, rows: Rows, features: Columns) -> _State:
        y = labelled.y[rows]
        mean, std, odds, kept = 0.0, 1.0, 0.0, np.arange(labelled.n_class)
        if labelled.kind == "number":
            mean, std = float(y.mean()), float(y.std()) or 1.0
            y = (y - mean) / std
        elif labelled.kind == "binary":
            odds = float(np.subtract(*log_odds(np.array([y.mean(), labelled.y.mean()]))))
        elif labelled.n_class > MAX_CLASS:
            kept = np.argsort(-np.bincount(labelled.y.astype(int), minlength=labelled.n_class), kind="stable")[: MAX_CLASS - 1]
            place = np.full(labelled.n_class, MAX_CLASS - 1)
            place[kept] = np.arange(MAX_CLASS - 1)
            y = place[y.astype(int)].astype(np.float64)
        kind = np.array([KINDS.index(labelled.kind)], np.int32)
        encoded = self.network.encode(labelled.x[np.ix_(rows, features)][None], y[None].astype(np.float32), kind)
        return _State(encoded, features, mean, std, odds, kept)

    def _average(self, states: Sequence[_State], x: Float32[np.ndarray, "row feature"], labelled: Labelled) -> Law:
        """Mean of the samples' laws; of log-odds."""
        raw = np.mean([self._raw(state, x, labelled) for state in states], 0)
        return sigmoid(raw) if labelled.kind == "binary" else raw

    def _raw(self, state: _State, x: Float32[np.ndarray, "row feature"], labelled: Labelled) -> Law:
        """Law by one sample; of a binary label its log-odds."""
        found = []
        for start in range(0, len(x), N_QUERY):
            part = x[start : start + N_QUERY][:, state.features]
            outputs = self.network.decode(state.encoded, part[None])
            of_kind = outputs.logit[..., None] if labelled.kind == "binary" else None
            if of_kind is None:
                of_kind = outputs.quantiles if labelled.kind == "number" else outputs.classes
            found.append(np.asarray(of_kind, np.float64)[0])
        raw = np.concatenate(found) if found else np.zeros((0, 1))
        if labelled.kind == "binary":
            return raw - state.odds
        if labelled.kind == "number":
            quantiles = state.mean + state.std * np.sort(raw, 1)
            return np.concatenate([quantiles @ MEAN[:, None], quantiles], 1)
        return _spread_rest(raw, state.kept, labelled)


def _spread_rest(raw: Float64[np.ndarray, "row logit"], kept: Int64[np.ndarray, " kept"], labelled: Labelled) -> Law:
    """Chances of all classes, of those that are one to the network by how frequent each is."""
    logits = raw[:, : min(labelled.n_class, MAX_CLASS)]
    chance = np.exp(logits - logits.max(1, keepdims=True))
    chance /= chance.sum(1, keepdims=True)
    if labelled.n_class <= MAX_CLASS:
        return chance
    share = np.bincount(labelled.y.astype(int), minlength=labelled.n_class) + 1.0
    share[kept] = 0
    law = chance[:, [-1]] * share / share.sum()
    law[:, kept] = chance[:, :-1]
    return law
