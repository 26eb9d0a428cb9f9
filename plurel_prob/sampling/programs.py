"""Compiled programs: one for each prior and size bucket, kept for the life of the process."""

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jax import random
from jaxtyping import Array, PRNGKeyArray
from numpyro import handlers

from plurel_prob.blocks import n_block
from plurel_prob.models.database import Bucket, Draw, database, structure
from plurel_prob.priors import Prior

MIN_BUCKET = Bucket(n_block=8, n_page=1024)  # smaller databases share a program


def bucket_for(n_blocks: int, n_pages: int) -> Bucket:
    """Smallest bucket that holds a database of these sizes: a program costs seconds to compile, memory little.

    Blocks are rounded to powers of two, pages to powers of four: default databases need two or three programs.
    """
    block_bits = (max(n_blocks, MIN_BUCKET.n_block) - 1).bit_length()
    page_bits = (max(n_pages, MIN_BUCKET.n_page) - 1).bit_length()
    return Bucket(1 << block_bits, 1 << (page_bits + page_bits % 2))


@lru_cache(maxsize=16)
def _size_program(prior: Prior):  # type: ignore[no-untyped-def]  # jax.jit's result has no public type
    """Program from a key to the blocks of the largest table and the pages of all; it draws only what decides them."""

    def sizes(key: PRNGKeyArray) -> tuple[Array, Array]:
        schema, graphs = handlers.seed(structure, key)(prior)
        blocks = n_block(schema.n_row)
        return blocks.max(), jnp.sum(blocks * graphs.n_line)

    return jax.jit(sizes)


@lru_cache(maxsize=128)
def _draw_program(prior: Prior, bucket: Bucket):  # type: ignore[no-untyped-def]  # as above
    """Program from a key to a draw."""

    def draw(key: PRNGKeyArray) -> Draw:
        trace = handlers.trace(handlers.seed(lambda: database(prior, bucket), key))
        with trace:
            stages = trace.fn()
        return Draw(stages, {name: site["value"] for name, site in trace.trace.items() if site["type"] == "sample"})

    return jax.jit(draw)


def bucket_of(prior: Prior, key: PRNGKeyArray) -> Bucket:
    """Bucket of the database that ``key`` draws from ``prior``."""
    blocks, pages = _size_program(prior)(key)
    return bucket_for(int(blocks), int(pages))


def draw(prior: Prior, seed: int, bucket: Bucket | None = None) -> Draw:
    """Draw the database of ``seed`` and bring it to the host. A larger ``bucket`` draws the same."""
    key = random.key(seed)
    drawn = _draw_program(prior, bucket or bucket_of(prior, key))(key)
    return jax.tree.map(np.asarray, drawn)
