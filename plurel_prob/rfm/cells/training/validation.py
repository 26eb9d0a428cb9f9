"""Loss on cells of databases that are held out."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32, Int8

from plurel_prob.rfm.cells.contexts import BOOLEAN, NUMBER
from plurel_prob.rfm.cells.network import RelationalTransformer, TextEncoder, cell_loss
from plurel_prob.rfm.cells.training.config import TrainingConfig
from plurel_prob.rfm.cells.training.data import Data
from plurel_prob.rfm.cells.training.steps import predictions, prepare
from plurel_prob.rfm.cells.training.texts import TextTable

N_VALIDATION = 512  # contexts, or more to fill the last batch
SEED = 1  # of the contexts, whatever the run's, so that runs can be compared
KINDS = {"numbers": NUMBER, "booleans": BOOLEAN}


class ValidationCells:
    """A fixed sample of cells, or of the rows of a task.

    Attributes:
        batches: their contexts.
        kind: of the targets.
        target: their values, normalised numbers, 0 or 1 for booleans.
        baseline: loss of predicting each by the mean of its column in the training split (a boolean by its rate).
    """

    def __init__(self, data: Data, config: TrainingConfig, encoder: TextEncoder, n_context: int = N_VALIDATION):
        self.config, n_batch = config, -(-n_context // config.batch_size)
        self.batches = [data.batch(SEED, k, config.batch_size) for k in range(n_batch)]
        self.kind: Int8[np.ndarray, " context"] = np.concatenate([batch.kind[:, 0] for batch in self.batches])
        self.target: Float32[np.ndarray, " context"] = np.concatenate([batch.target for batch in self.batches])
        self.baseline = self.losses_of(np.concatenate([batch.log_odds[:, 0] for batch in self.batches]))
        self._texts = TextTable(encoder, data.vocabulary)
        self._network = eqx.filter_jit(predictions)

    def predict(self, model: RelationalTransformer) -> Float32[np.ndarray, " context"]:
        """Predictions of a network: normalised numbers, logits of booleans."""
        texts = self._texts.array()
        batches = (prepare(batch, self.config.n_pair).cells for batch in self.batches)
        return np.concatenate([np.asarray(self._network(model, cells, texts)) for cells in batches])

    def losses(self, model: RelationalTransformer) -> Float32[np.ndarray, " context"]:
        """Loss of a network on every cell."""
        return self.losses_of(self.predict(model))

    def losses_of(self, prediction: Float32[np.ndarray, " context"]) -> Float32[np.ndarray, " context"]:
        """Loss of predictions of the cells."""
        return np.asarray(cell_loss(jnp.asarray(prediction), jnp.asarray(self.target), jnp.asarray(self.kind)))

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
