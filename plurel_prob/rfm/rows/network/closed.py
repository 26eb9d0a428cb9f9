"""What a context says in closed form: cells, which have no parameters; predictions of experts, and the spread around them."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from plurel_prob.rfm.rows.network.batch import CLASSES, N_CLASS
from plurel_prob.rfm.rows.network.calibration import logit_line
from plurel_prob.rfm.rows.network.experts import EXPERTS, Experts, Weights, design_of, experts_of, predict, shares_of
from plurel_prob.rfm.rows.network.places import Grid, Places, grid_of, places_of
from plurel_prob.rfm.rows.network.smoothers import BANDWIDTHS, Smoothers, reliability_of, smooth, smoothers_of
from plurel_prob.rfm.rows.network.spread import Spread, residual_quantiles, spread_of

N_CHANNEL = 4 + 2 * len(BANDWIDTHS)
N_STAT = 8
N_FEATURE = 128  # the most reliable features, at most


class ScaledLabels(NamedTuple):
    """Labels of a context, centred and scaled.

    Attributes:
        target: of each class, or the one number; 0 for padding.
        mean: of the unscaled target.
        scale: root of the summed variances of the unscaled target.
        direction: of classes along which features separate most: the code is the target along it.
        code: the target along ``direction``, of variance 1.
        weight: 1 for context, 0 for padding.
    """

    target: Float[Array, "context output"]
    mean: Float[Array, " output"]
    scale: Float[Array, ""]
    direction: Float[Array, " output"]
    code: Float[Array, " context"]
    weight: Float[Array, " context"]

    def unscaled(self) -> Float[Array, "*task context output"]:
        """Labels as 0 and 1 of every class, or the number."""
        return self.target * self.scale[..., None, None] + self.mean[..., None, :]


class Known(NamedTuple):
    """What is known of a context: ``chosen`` are the features that are read, ``worth`` is what is known of them."""

    chosen: Int[Array, " chosen"]
    grid: Grid
    smoothers: Smoothers
    reliability: Float[Array, " chosen"]
    worth: Float[Array, "chosen stat"]
    labels: ScaledLabels


class RowCells(NamedTuple):
    """Cells of rows.

    Attributes:
        places: where their values stand.
        channels: z-score, rank and its square, missingness, the label smoothed along the feature and its squares; 0 if not used.
    """

    places: Places
    channels: Float[Array, "chosen row channel"]


class Advice(NamedTuple):
    """Experts who know a context, their shares, the lines that give their logits, and the spread around them."""

    experts: Experts | None
    shares: Float[Array, " expert"]
    lines: Float[Array, "expert output 2"]
    spread: Spread


class Said(NamedTuple):
    """What experts say of rows.

    Attributes:
        said: predictions of the experts, in units of the code.
        logit: of the experts, for each class (or the one of a binary task).
        number: predictions of the experts, in units of the label.
        residual: quantiles of what is left of the label after ``number``, in its shares.
    """

    said: Float[Array, "row expert"]
    logit: Float[Array, "row expert output"]
    number: Float[Array, "row expert"]
    residual: Float[Array, "row level"]


def know(
    x: Float[Array, "context feature"], y: Float[Array, " context"], kind: Int[Array, ""], n_output: int
) -> tuple[Known, RowCells]:
    """Read a context, whose rows of padding have a label of NaN; a row's smoothed labels leave its own label out."""
    weight = jnp.isfinite(y).astype(jnp.float32)
    grid = grid_of(x, weight > 0)
    places = places_of(grid, x)
    labels = _labels(places, jnp.where(weight > 0, y, 0.0), weight, kind, n_output)
    smoothers = smoothers_of(places, labels.code, weight)
    smoothed = smooth(smoothers, places, weight, labels.code)
    reliability = reliability_of(smoothed, labels.code, weight) * grid.is_used
    chosen = jnp.arange(x.shape[1])
    if x.shape[1] > N_FEATURE:
        _, chosen = jax.lax.top_k(reliability + grid.is_used, N_FEATURE)
        grid = Grid(*(part[chosen] for part in grid))
        smoothers = Smoothers(*(part[:, chosen] for part in smoothers))
        places, smoothed = Places(*(part[:, chosen] for part in places)), smoothed[..., chosen]
        reliability = reliability[chosen]
    known = Known(chosen, grid, smoothers, reliability, _worth(grid, places, reliability, labels), labels)
    return known, _cells(known, places, smoothed)


def read(known: Known, x: Float[Array, "query feature"]) -> RowCells:
    """Read queries."""
    places = places_of(known.grid, x[:, known.chosen])
    nothing = jnp.zeros(len(x))
    return _cells(known, places, smooth(known.smoothers, places, nothing, nothing))


def advise(known: Known, cells: RowCells, weights: Weights | None) -> tuple[Advice, Said]:
    """Ask experts of a context; what they say of its rows leaves a row's own label out.

    Without weights there are none: their predictions are the mean, and the spread is that of the labels. Shares have no
    gradient.
    """
    labels = known.labels
    experts, left_out = None, jnp.zeros((len(EXPERTS), *labels.target.shape))
    if weights is not None:
        design = design_of(cells.places, known.reliability, known.grid.is_used, weights)
        experts, left_out = experts_of(design, labels.target, labels.weight)
    unscaled = labels.unscaled()
    fit_line = partial(logit_line, weight=labels.weight)
    lines = jax.vmap(jax.vmap(fit_line, (1, 1)), (0, None))(left_out, (unscaled > 0.5).astype(jnp.float32))
    shares = shares_of(jax.lax.stop_gradient(left_out), labels.target, labels.weight)
    number = jnp.exp(shares) @ left_out[..., 0] * labels.scale + labels.mean[0]
    advice = Advice(experts, shares, lines, spread_of(number, unscaled[:, 0] * labels.weight, labels.weight))
    return advice, _said(known, advice, left_out)


def ask(known: Known, advice: Advice, cells: RowCells, weights: Weights | None) -> Said:
    """Ask experts of queries."""
    predicted = jnp.zeros((len(EXPERTS), len(cells.places.z), len(known.labels.mean)))
    if advice.experts is not None and weights is not None:
        design = design_of(cells.places, known.reliability, known.grid.is_used, weights)
        predicted = predict(advice.experts, design)
    return _said(known, advice, predicted)


def _labels(
    places: Places, y: Float[Array, " context"], weight: Float[Array, " context"], kind: Int[Array, ""], n_output: int
) -> ScaledLabels:
    one = jnp.where(jnp.arange(n_output) == 0, y[:, None], 0.0)
    target = jnp.where(kind == CLASSES, jax.nn.one_hot(y.astype(jnp.int32), n_output), one) if n_output > 1 else one
    n = jnp.maximum(weight.sum(), 1.0)
    mean = (target * weight[:, None]).sum(0) / n
    target = (target - mean) * weight[:, None]
    scale = jnp.sqrt((target**2).sum() / n)
    scale = jnp.where(scale > 1e-6, scale, 1.0)
    target, direction = target / scale, jnp.ones(1)
    if n_output > 1:
        means = target.T @ jnp.concatenate([places.rank - 0.5, places.missing], 1)
        top = jnp.linalg.eigh(means @ means.T)[1][:, -1]
        direction = jnp.where(kind == CLASSES, top, jnp.arange(n_output) == 0)
    code = target @ direction
    deviation = jnp.sqrt((code**2).sum() / n)
    deviation = jnp.where(deviation > 1e-6, deviation, 1.0)
    return ScaledLabels(target, mean, scale, direction / deviation, code / deviation, weight)


def _cells(known: Known, places: Places, smoothed: Float[Array, "bandwidth row chosen"]) -> RowCells:
    middle, near = 2 * places.rank - 1, jnp.clip(smoothed, -3.0, 3.0)
    channels = jnp.stack([places.z, middle, middle**2 - 1 / 3, places.missing, *near, *near**2])
    return RowCells(places, jnp.transpose(channels * known.grid.is_used, (2, 1, 0)))


def _said(known: Known, advice: Advice, predicted: Float[Array, "expert row output"]) -> Said:
    labels, line = known.labels, advice.lines[:, None]
    number = predicted[..., 0].T * labels.scale + labels.mean[0]
    return Said(
        jnp.clip((predicted @ labels.direction).T, -5.0, 5.0),
        jnp.moveaxis(line[..., 0] + line[..., 1] * predicted, 0, 1),
        number,
        residual_quantiles(advice.spread, number @ jnp.exp(advice.shares)),
    )


def _worth(grid: Grid, places: Places, reliability: Float[Array, " chosen"], labels: ScaledLabels) -> Float[Array, "chosen stat"]:
    """What a feature is worth: reliability, also against the best; covariance with the label; missing and equal values."""
    n = labels.weight.sum() + 3.0
    along = [labels.code @ part / n for part in (places.z, 2 * places.rank - 1, places.missing)]
    ties = (grid.edge[:, 1:] == grid.edge[:, :-1]).mean(1)
    root, missing = jnp.sqrt(reliability), labels.weight @ places.missing / n
    relative = jnp.sqrt(reliability / jnp.maximum(reliability.max(), 1e-6))
    return jnp.stack([root, reliability, relative, *along, missing, ties], 1) * grid.is_used[:, None]


def n_output_of(kind: Int[np.ndarray, " task"]) -> int:
    """Outputs that tasks of these kinds need."""
    return N_CLASS if bool((kind == CLASSES).any()) else 1
