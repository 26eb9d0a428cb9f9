"""Many whole numbers, numbered by few: more than 64 bits tell apart."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

FINE = 2**53  # a float from 0 to 1 tells so many places apart
MAX_SIZE = 2**62
BITS = 256

Rows = Int64[np.ndarray, " row"]
Positions = Callable[[Float64[np.ndarray, " row"]], Float64[np.ndarray, " row"]]


@dataclass(frozen=True)
class Numbering:
    r"""The numbers :math:`start + step \cdot j, 0 \leq j < n`, or, if these are more than :math:`2^{62}`, as many of them.

    Number k then stands for one of the j of a stratum, :math:`\lfloor k n / 2^{62} \rfloor \leq j < \lfloor (k + 1) n / 2^{62}
    \rfloor`, at the share :math:`\text{frac}(k \alpha + \beta)` of it (Weyl's sequence), so that every digit varies.

    Attributes:
        start: first number.
        n: how many there are.
        step: from one to the next.
        turn: :math:`2^{256} \alpha`.
        shift: :math:`2^{256} \beta`.
    """

    start: int
    n: int
    step: int = 1
    turn: int = 1
    shift: int = 0

    @property
    def size(self) -> int:
        """How many are numbered."""
        return min(self.n, MAX_SIZE)

    @property
    def last(self) -> int:
        """Greatest number."""
        return self.start + (self.n - 1) * self.step

    def exact(self, i: Rows) -> list[int]:
        """Numbers by their numbers; they rise."""
        if self.n <= MAX_SIZE:
            return [self.start + self.step * k for k in i.tolist()]
        return [self.start + self.step * self._within(k) for k in i.tolist()]

    def _within(self, k: int) -> int:
        low, high = k * self.n // MAX_SIZE, (k + 1) * self.n // MAX_SIZE
        share = (k * self.turn + self.shift) % 2**BITS
        return low + ((high - low) * share >> BITS)


def numbering(start: int, n: int, rng: np.random.Generator) -> Numbering:
    """Number n whole numbers from ``start`` on; which of them are left out is drawn."""
    turn, shift = (int.from_bytes(rng.bytes(BITS // 8), "big") for _ in range(2))
    return Numbering(start, n, 1, turn | 1, shift)


def spread(position: Positions, numbers: Numbering, rng: np.random.Generator) -> Callable[..., Rows]:
    """Give a function from places in a distribution, from 0 to 1, to numbers of numbers.

    Args:
        position: from places to positions among the numbers, 0 to n; it rises.
        numbers: that are numbered.
        rng: of more than 2^53 numbers, for the digits that a float does not tell.
    """
    n, size = numbers.n, numbers.size
    if n <= FINE:
        return lambda u: np.clip(position(u), 0, n - 1).astype(np.int64)

    def finely(u: Float64[np.ndarray, " row"]) -> Rows:
        coarse = np.clip(position(u) / n * FINE, 0, FINE - 1).astype(np.int64)
        fine = rng.integers(0, MAX_SIZE, len(u))
        places = (((k * MAX_SIZE + j) * size) // (FINE * MAX_SIZE) for k, j in zip(coarse.tolist(), fine.tolist(), strict=True))
        return np.fromiter(places, np.int64, len(u))

    return finely
