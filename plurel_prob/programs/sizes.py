"""How much space a database takes, and the sizes that programs are compiled for."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Int

from plurel_prob.blocks import BLOCK
from plurel_prob.models.database import Bucket, Structure

MIN_BUCKET = Bucket(n_block=8, n_page=1024)  # smaller databases share a program


class Sizes(NamedTuple):
    """What decides how much space a database takes."""

    n_row: Int[Array | np.ndarray, " table"]
    n_line: Int[Array | np.ndarray, " table"]  # pages that a block takes
    is_entity: Bool[Array | np.ndarray, " table"]  # whether other tables refer to it

    @property
    def n_block(self) -> np.ndarray:
        """Blocks of rows of each table, on the host."""
        return -(-np.asarray(self.n_row) // BLOCK)


def sizes_of_structure(structure: Structure) -> Sizes:
    """Sizes of a database with this structure, on the host."""
    schema, graphs = structure
    return Sizes(*map(np.asarray, (schema.n_row, graphs.n_line, schema.is_entity)))


def bucket_for(n_blocks: int, n_pages: int) -> Bucket:
    """Smallest bucket that holds a database of these sizes: a program costs seconds to compile, memory little.

    Both are powers of four times their least: default databases need two programs.
    """
    return Bucket(*(_at_least(n, least) for n, least in zip((n_blocks, n_pages), MIN_BUCKET, strict=True)))


def _at_least(n: int, least: int) -> int:
    """``n``, or the next power of four times ``least``."""
    while least < n:
        least *= 4
    return least


def bucket_of_all(sizes: Sizes) -> Bucket:
    """Bucket of a database of these sizes."""
    return bucket_for(int(sizes.n_block.max()), int((sizes.n_block * np.asarray(sizes.n_line)).sum()))
