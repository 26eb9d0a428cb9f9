"""Loss on cells of databases that are held out."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Int8

from plurel_prob.rfm.contexts import BOOLEAN, NUMBER, Batch
from plurel_prob.rfm.network import RelationalTransformer, TextEncoder, cell_loss
from plurel_prob.rfm.training.config import TrainingConfig
from plurel_prob.rfm.training.data import FolderData
from plurel_prob.rfm.training.steps import predictions, prepare
from plurel_prob.rfm.training.texts import TextTable

N_VALIDATION = 512  # contexts, or more to fill the last batch
SEED = 1  # of the contexts, whatever the run's, so that runs can be compared
KINDS = {"numbers": NUMBER, "booleans": BOOLEAN}


class Validation:
    """A fixed sample of cells.

    Attributes:
        batches: their contexts.
        kind: of the targets.
        baseline: loss of predicting each by the mean of its column in the training split (a boolean by its rate).
    """

    def __init__(self, data: FolderData, config: TrainingConfig, encoder: TextEncoder, n_context: int = N_VALIDATION):
        self.config, n_batch = config, -(-n_context // config.batch_size)
        self.batches = [data.batch(SEED, k, config.batch_size) for k in range(n_batch)]
        self.kind: Int8[np.ndarray, " context"] = np.concatenate([batch.kind[:, 0] for batch in self.batches])
        self.baseline = np.concatenate([_loss(jnp.asarray(batch.log_odds[:, 0]), batch) for batch in self.batches])
        self._texts = TextTable(encoder, data.vocabulary)
        self._network = eqx.filter_jit(predictions)

    def losses(self, model: RelationalTransformer) -> Float32[np.ndarray, " context"]:
        """Loss of a network on every cell."""
        texts, found = self._texts.array(), []
        for batch in self.batches:
            predicted = self._network(model, prepare(batch, self.config.n_pair).cells, texts)
            found.append(_loss(predicted, batch))
        return np.concatenate(found)

    def figures(self, model: RelationalTransformer) -> dict[str, float]:
        """Mean loss of a network and of the baseline: of all cells, of numbers, and of booleans."""
        told, of_all = {}, {"loss": self.losses(model), "baseline": self.baseline}
        for name, loss in of_all.items():
            told[f"validation_{name}"] = float(loss.mean())
        for kind, number in KINDS.items():
            for name, loss in of_all.items():
                if (self.kind == number).any():
                    told[f"validation_{name}_{kind}"] = float(loss[self.kind == number].mean())
        return told


def _loss(prediction: Float[Array, " context"], batch: Batch) -> Float32[np.ndarray, " context"]:
    return np.asarray(cell_loss(prediction, jnp.asarray(batch.target), jnp.asarray(batch.kind[:, 0])))
