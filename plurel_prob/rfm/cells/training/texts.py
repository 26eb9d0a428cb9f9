"""Embeddings of a vocabulary that grows, on the device."""

import jax
import numpy as np
from jaxtyping import Array, Float

from plurel_prob.rfm.cells.contexts import Vocabulary
from plurel_prob.rfm.cells.network import TextEncoder
from plurel_prob.rfm.cells.training.steps import everywhere

MIN_TEXT = 1024  # smaller vocabularies share a program


class TextTable:
    """Embeddings of the texts of a vocabulary; its rows are a power of two, so that few programs are compiled."""

    def __init__(self, encoder: TextEncoder, vocabulary: Vocabulary):
        self.encoder, self.vocabulary, self._n = encoder, vocabulary, 0
        self._host = np.zeros((MIN_TEXT, encoder.dim), np.float32)
        self._device = jax.device_put(self._host, everywhere())

    def array(self) -> Float[Array, "text dim"]:
        """Embeddings of all texts that there are by now."""
        n = len(self.vocabulary)
        if n > self._n:
            rows = max(MIN_TEXT, 1 << (n - 1).bit_length())
            self._host = np.concatenate([self._host, np.zeros((rows - len(self._host), self.encoder.dim), np.float32)])
            self._host[self._n : n] = self.encoder(self.vocabulary.strings[self._n : n])
            self._n, self._device = n, jax.device_put(self._host, everywhere())
        return self._device
