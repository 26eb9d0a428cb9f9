"""Sizes of networks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TransformerSize:
    """How large a network is."""

    n_block: int
    width: int
    n_head: int
    hidden: int  # of the feed-forward networks


SIZES = {
    "tiny": TransformerSize(4, 64, 4, 256),
    "small": TransformerSize(6, 128, 4, 512),
    "paper": TransformerSize(12, 256, 8, 1024),
}
