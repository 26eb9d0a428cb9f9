"""Sizes of networks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How large a network is, and what it reads.

    Attributes:
        n_block: blocks over rows.
        width: of a row's state.
        n_head: of attention.
        hidden: of a block's feed-forward network.
        cell: hidden width of the network over cells.
        n_pool: ways in which features are pooled.
        experts: predictions in closed form are read, and corrected; without them the network says all by itself.
    """

    n_block: int
    width: int
    n_head: int
    hidden: int
    cell: int = 32
    n_pool: int = 16
    experts: bool = True


SIZES = {
    "small": Size(2, 64, 2, 128, n_pool=8),
    "base": Size(4, 128, 4, 256),
    "large": Size(6, 256, 8, 512),
}
