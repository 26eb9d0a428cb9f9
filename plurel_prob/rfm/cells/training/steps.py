"""One step of training, compiled; and predictions."""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax import random
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.cells.contexts import Batch
from plurel_prob.rfm.cells.network import SIZES, ContextCells, RelationalTransformer, cell_loss, tiles_of
from plurel_prob.rfm.cells.training.config import TrainingConfig

AXIS = "context"  # of a mesh of devices


class CellTrainingState(NamedTuple):
    """What changes while a network is trained."""

    model: RelationalTransformer
    optimiser: optax.OptState


class DeviceBatch(NamedTuple):
    """A batch on the devices, a part of its contexts on each."""

    cells: ContextCells
    masked: Float[Array, "context token"]


def precision() -> DTypeLike:
    """Precision of products: bfloat16 on accelerators, float32 on processors, which have no faster."""
    return jnp.float32 if jax.default_backend() == "cpu" else jnp.bfloat16


def check_shares(batch_size: int) -> None:
    """Refuse batches that devices cannot share equally.

    Raises:
        DatabaseError: they cannot.
    """
    if batch_size % len(jax.devices()):
        raise DatabaseError(f"batch_size must be a multiple of the {len(jax.devices())} devices, got {batch_size}")


def prepare(batch: Batch, n_pair: tuple[int, int]) -> DeviceBatch:
    """Find the tiles of a batch, and spread it over all devices."""
    sharding = NamedSharding(Mesh(jax.devices(), (AXIS,)), PartitionSpec(AXIS))
    parts = [*batch[: Batch._fields.index("masked")], *tiles_of(batch, n_pair=n_pair), batch.masked]
    *cells, masked = jax.device_put(parts, sharding)
    return DeviceBatch(ContextCells(*cells), masked)


def optimiser_of(config: TrainingConfig) -> optax.GradientTransformation:
    """AdamW with a linear one-cycle schedule, and clipped gradients."""
    rate = optax.linear_onecycle_schedule(config.n_step, config.learning_rate, pct_start=0.2, pct_final=1.0)
    return optax.chain(optax.clip_by_global_norm(config.clip), optax.adamw(rate, weight_decay=config.weight_decay))


def initial_state(config: TrainingConfig, text_dim: int, model: RelationalTransformer | None = None) -> CellTrainingState:
    """Begin, with new weights or those of a network."""
    if model is None:
        model = RelationalTransformer(SIZES[config.size], text_dim, key=random.key(config.seed))
    state = CellTrainingState(model, optimiser_of(config).init(eqx.filter(model, eqx.is_array)))
    return eqx.filter_shard(state, everywhere())


def everywhere() -> NamedSharding:
    """What all devices have a copy of."""
    return NamedSharding(Mesh(jax.devices(), (AXIS,)), PartitionSpec())


def predictions(model: RelationalTransformer, cells: ContextCells, texts: Float[Array, "text dim"]) -> Float[Array, " context"]:
    """Predict the targets of contexts: normalised numbers, logits of booleans."""
    return model(cells, texts, dtype=precision())[:, 0]


Inputs = tuple[DeviceBatch, Float[Array, "text dim"]]  # a batch, and the embeddings of all texts
Step = Callable[[Inputs, CellTrainingState], tuple[CellTrainingState, dict[str, Float[Array, ""]]]]


def step_of(config: TrainingConfig) -> Step:
    """Compile the step: gradient of the mean loss of the masked cells, and the update. The state that is given is used up."""
    optimiser = optimiser_of(config)

    def loss_of(model: RelationalTransformer, inputs: Inputs) -> Float[Array, ""]:
        batch, texts = inputs
        cells = batch.cells
        loss = cell_loss(model(cells, texts, dtype=precision()), batch.masked, cells.kind)
        return jnp.where(cells.is_masked, loss, 0).sum() / cells.is_masked.sum()

    @eqx.filter_jit(donate="all-except-first")
    def step(inputs: Inputs, state: CellTrainingState) -> tuple[CellTrainingState, dict[str, Float[Array, ""]]]:
        loss, gradient = eqx.filter_value_and_grad(loss_of)(state.model, inputs)
        weights = eqx.filter(state.model, eqx.is_array)
        update, inner = optimiser.update(gradient, state.optimiser, weights)
        model = eqx.apply_updates(state.model, update)
        return eqx.filter_shard(CellTrainingState(model, inner), everywhere()), {
            "loss": loss,
            "gradient_norm": optax.tree.norm(gradient),
        }

    return step
