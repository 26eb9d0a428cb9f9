"""Strings by number: texts of cells, and names of columns."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Int32


class Vocabulary:
    """Strings that databases share, each with an id; it grows, and ids stay. Id 0 is the empty string.

    Attributes:
        strings: by id.
    """

    def __init__(self, strings: Iterable[str] = ("",)):
        self.strings: list[str] = []
        self._ids: dict[str, int] = {}
        for string in ("", *strings):
            self.id_of(string)

    def __len__(self) -> int:
        return len(self.strings)

    def id_of(self, string: str) -> int:
        """Id of a string, a new one if it has none."""
        known = self._ids.setdefault(string, len(self.strings))
        if known == len(self.strings):
            self.strings.append(string)
        return known

    def ids_of(self, strings: Iterable[str]) -> Int32[np.ndarray, " string"]:
        """Ids of some strings."""
        return np.fromiter((self.id_of(string) for string in strings), np.int32)
