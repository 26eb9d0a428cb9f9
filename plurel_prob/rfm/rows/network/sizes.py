"""Sizes of networks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RowNetworkSize:
    """How large a network is, and what it reads.

    Attributes:
        n_block: blocks over rows.
        width: of a row's state.
        n_head: of attention.
        hidden: of a block's feed-forward network.
        feature: hidden width of the network over features.
        n_pool: ways in which features are pooled.
        experts: predictions in closed form are read, and corrected; without them the network says all by itself.
    """

    n_block: int
    width: int
    n_head: int
    hidden: int
    feature: int = 64
    n_pool: int = 32
    experts: bool = True


SIZES = {
    "small": RowNetworkSize(2, 64, 1, 128, n_pool=16),
    "base": RowNetworkSize(3, 128, 2, 256),
    "large": RowNetworkSize(6, 256, 4, 512),
}
