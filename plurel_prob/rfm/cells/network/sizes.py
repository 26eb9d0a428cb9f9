"""Sizes of networks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How large a network is."""

    n_block: int
    width: int
    n_head: int
    hidden: int  # of the feed-forward networks


SIZES = {"tiny": Size(4, 64, 4, 256), "small": Size(6, 128, 4, 512), "paper": Size(12, 256, 8, 1024)}
