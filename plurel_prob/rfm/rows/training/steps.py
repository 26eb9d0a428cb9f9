"""One step of training, compiled."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax import random
from jaxtyping import Array, Float

from plurel_prob.rfm.rows.network import SIZES, PreparedBatch, RowNetwork, compiled, row_loss
from plurel_prob.rfm.rows.training.config import RowTrainingConfig

WARM_UP, LAST = 0.05, 0.01  # share of the steps; share of the peak
Step = Callable[[PreparedBatch, "RowTrainingState"], tuple["RowTrainingState", dict[str, Float[Array, ""]]]]


class RowTrainingState(NamedTuple):
    """What changes while a network is trained."""

    model: RowNetwork
    optimiser: optax.OptState


def new_network(config: RowTrainingConfig) -> RowNetwork:
    """Network as it is before training."""
    return RowNetwork(replace(SIZES[config.size], experts=config.experts), key=random.key(config.seed))


def optimiser_of(config: RowTrainingConfig) -> optax.GradientTransformation:
    """AdamW with warm-up and a cosine, and clipped gradients."""
    peak, warm_up = config.learning_rate, max(1, round(WARM_UP * config.n_step))
    rate = optax.warmup_cosine_decay_schedule(0.0, peak, warm_up, max(config.n_step, warm_up + 1), LAST * peak)
    return optax.chain(optax.clip_by_global_norm(config.clip), optax.adamw(rate, weight_decay=config.weight_decay))


def initial_state(config: RowTrainingConfig, model: RowNetwork | None = None) -> RowTrainingState:
    """Begin, with new weights or those of a network."""
    model = new_network(config) if model is None else jax.tree.map(jnp.array, model)  # a copy: training uses up what it is given
    return RowTrainingState(model, optimiser_of(config).init(eqx.filter(model, eqx.is_array)))


def _task_losses(model: RowNetwork, batch: PreparedBatch) -> Float[Array, " task"]:
    """Mean loss of each task over its queries."""
    return row_loss(model(batch), batch.query_y, batch.kind)


task_losses = compiled(_task_losses)


@lru_cache(maxsize=1)
def step_of(config: RowTrainingConfig) -> Step:
    """Compile the step: gradient of the mean loss over tasks, and the update. The state that is given is used up.

    A run that goes on in the same process has the program that it began with.
    """
    optimiser = optimiser_of(config)

    def loss_of(model: RowNetwork, batch: PreparedBatch) -> Float[Array, ""]:
        return _task_losses(model, batch).mean()

    def step(batch: PreparedBatch, state: RowTrainingState) -> tuple[RowTrainingState, dict[str, Float[Array, ""]]]:
        loss, gradient = eqx.filter_value_and_grad(loss_of)(state.model, batch)
        update, inner = optimiser.update(gradient, state.optimiser, eqx.filter(state.model, eqx.is_array))
        model = eqx.apply_updates(state.model, update)
        return RowTrainingState(model, inner), {"loss": loss, "gradient_norm": optax.tree.norm(gradient)}

    return compiled(step, donate="all-except-first")
