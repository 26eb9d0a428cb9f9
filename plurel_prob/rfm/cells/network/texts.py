"""Embeddings of names and of texts: by hashing, or by a language model."""

import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from plurel_prob.errors import DatabaseError

HASHED = "hashed"
DIM = 384  # as the small sentence encoders have


@runtime_checkable
class TextEncoder(Protocol):
    """From texts to vectors of mean square 1."""

    name: str
    dim: int

    def __call__(self, texts: Sequence[str]) -> Float32[np.ndarray, "text dim"]:
        """Embed texts."""


class HashedEncoder:
    """Signed feature hashing of words and of their three-letter pieces (Weinberger et al., 2009); needs no download.

    Texts that share words or spellings have similar vectors; an empty one is zero.
    """

    name, dim = HASHED, DIM

    def __call__(self, texts: Sequence[str]) -> Float32[np.ndarray, "text dim"]:
        """Embed texts."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            for piece in _pieces(text):
                number = int.from_bytes(blake2b(piece.encode(), digest_size=8).digest(), "little")
                vector[(number >> 1) % self.dim] += 1.0 if number & 1 else -1.0
        norm = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(norm, 1e-9) * np.float32(self.dim**0.5)


def _pieces(text: str) -> Iterator[str]:
    """Words, each with its start and end marked, and every three letters of a word."""
    for word in re.findall(r"[^\W\d_]+|\d+", text.lower()):
        marked = f"<{word}>"
        yield marked
        yield from (marked[i : i + 3] for i in range(len(marked) - 2))


class SentenceEncoder:
    """A model of the ``sentence-transformers`` package, by its name or path.

    Raises:
        DatabaseError: the package is not installed, or has no such model.
    """

    def __init__(self, name: str):
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            message = f"text encoder {name}: needs the extra text, pip install 'plurel-prob[text]'; or use {HASHED}"
            raise DatabaseError(message) from None
        try:
            self.name, self._model = name, SentenceTransformer(name)
        except (OSError, ValueError) as error:
            raise DatabaseError(f"text encoder {name}: {str(error).splitlines()[0]}; or use {HASHED}") from None
        self.dim = int(self._model.encode(["text"], show_progress_bar=False).shape[1])

    def __call__(self, texts: Sequence[str]) -> Float32[np.ndarray, "text dim"]:
        """Embed texts."""
        vectors = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32) * np.float32(self.dim**0.5)


def text_encoder(name: str) -> TextEncoder:
    """Return the encoder of a name: ``hashed``, or a model of the ``sentence-transformers`` package."""
    return HashedEncoder() if name == HASHED else SentenceEncoder(name)
