"""A network of rows that is ridge regression: quick to compile, and what it should predict is known."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from plurel_prob.rfm.rows.learner.laws import LEVELS


class Outputs(NamedTuple):
    logit: Float[Array, "task row"]
    quantiles: Float[Array, "task row level"]
    classes: Float[Array, "task row class"]


class State(NamedTuple):
    mean: Float[Array, "task feature"]
    std: Float[Array, "task feature"]
    line: Float[Array, "task weight class"]
    spread: Float[Array, " task"]
    kind: Float[Array, " task"]


class Ridge(eqx.Module):
    penalty: float = 10.0

    @eqx.filter_jit
    def encode(self, x, y, kind):
        is_row = ~jnp.isnan(y)
        mean = jnp.nan_to_num(jnp.nanmean(x, 1))
        std = jnp.nan_to_num(jnp.nanstd(x, 1))
        state = State(mean, jnp.where(std > 0, std, 1.0), None, None, kind)
        design = jnp.where(is_row[..., None], self.design(state, x), 0.0)
        label = jnp.where(is_row, y, 0.0)
        of_class = jax.nn.one_hot(label.astype(int), 10) * is_row[..., None]
        targets = jnp.where((kind == 2)[:, None, None], of_class, label[..., None])
        gram = jnp.einsum("tri,trj->tij", design, design) + self.penalty * jnp.eye(design.shape[-1])
        line = jnp.linalg.solve(gram, jnp.einsum("tri,trc->tic", design, targets))
        error = jnp.where(is_row, (design @ line)[..., 0] - label, 0.0)
        spread = jnp.sqrt((error**2).sum(1) / is_row.sum(1))
        return State(state.mean, state.std, line, spread, kind)

    def design(self, state, x):
        z = jnp.clip((x - state.mean[:, None]) / state.std[:, None], -4, 4)
        ones = jnp.ones(x.shape[:-1])[..., None]
        return jnp.concatenate([jnp.nan_to_num(z), jnp.isnan(x).astype(jnp.float32), ones], -1)

    @eqx.filter_jit
    def decode(self, state, x):
        found = self.design(state, x) @ state.line
        value = found[..., 0]
        normal = jax.scipy.stats.norm.ppf(np.asarray(LEVELS, np.float32))
        chance = jnp.clip(value, 0.02, 0.98)
        logit = jnp.log(chance) - jnp.log1p(-chance)
        return Outputs(logit, value[..., None] + state.spread[:, None, None] * normal, 5 * found)
