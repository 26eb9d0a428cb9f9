"""How many tokens a second does the network take, forward and in a step of training, and how much of a card's peak is that?

    python experiments/rfm_speed/network.py --out experiments/rfm_speed/results/network.jsonl --sizes tiny --contexts 16

A line of JSON for each size and length of context; contexts are made up: a row of six cells, its parents, their children.
On an accelerator products are in bfloat16. ``--attention`` compares one attention, tile by tile, with JAX's dense ones.
"""

import argparse
import itertools
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import random

from plurel_prob.rfm.cells.contexts.batch import Batch
from plurel_prob.rfm.cells.network import (
    SIZES,
    ContextCells,
    RelationalTransformer,
    TransformerSize,
    cell_loss,
    n_parameter,
    tiles_of,
)
from plurel_prob.rfm.cells.network.attention import attend, relations_of

N_CELL, TEXT_DIM = 6, 384


def made_up_batch(n_context: int, n_token: int, seed: int = 0) -> Batch:
    """Contexts of the shape that many have: a row, its parents, and rows that refer to them."""
    rng, shape = np.random.default_rng(seed), (n_context, n_token)
    row = np.broadcast_to(np.arange(n_token) // N_CELL, shape).astype(np.int32)
    table = np.where(row < 4, row, 0)
    parent = np.full((*shape, 4), -1, np.int32)
    parent[..., :3] = np.where((row == 0)[..., None], [1, 2, 3], -1)
    one = rng.integers(1, 4, shape)[:, ::N_CELL].repeat(N_CELL, 1)[:, :n_token]
    parent[..., 0] = np.where(row > 3, one, parent[..., 0])
    ids = [rng.integers(0, 100, shape, dtype=np.int32) for _ in range(2)]
    kind = rng.integers(0, 4, shape).astype(np.int8)
    kind[:, 0] = 0
    values, target = rng.normal(size=shape).astype(np.float32), rng.normal(size=n_context).astype(np.float32)
    column = (np.arange(n_token) % N_CELL + N_CELL * table).astype(np.int32)
    is_masked = np.broadcast_to(np.arange(n_token) == 0, shape)
    masked, mean, std = np.where(is_masked, target[:, None], 0), np.zeros_like(target), np.ones_like(target)
    return Batch(kind, values, *ids, column, row, parent, np.zeros_like(values), is_masked, masked, mean, std)


def cells_of(batch: Batch, tile: int) -> ContextCells:
    """Put a batch and its tiles on the device."""
    return jax.device_put(ContextCells(*batch[: Batch._fields.index("masked")], *tiles_of(batch, tile)))


def seconds(call: Callable[[], object], n: int = 7) -> tuple[float, float]:
    """Seconds of the first call, and the median of the next ones."""
    taken = []
    for _ in range(n + 1):
        start = time.perf_counter()
        jax.block_until_ready(call())
        taken.append(time.perf_counter() - start)
    return taken[0], float(np.median(taken[1:]))


def flop(size: TransformerSize, cells: ContextCells, tile: int) -> float:
    """Floating-point operations of a forward pass: of products with weights, and of attention in the tiles that are held."""
    n_token = cells.row.size
    weights = size.n_block * (15 * size.width**2 + 3 * size.width * size.hidden) + TEXT_DIM * size.width * 2
    pairs = sum(int((np.asarray(p)[..., 0] >= 0).sum()) * m for p, m in ((cells.column_pairs, 1), (cells.feature_pairs, 2)))
    return 2.0 * n_token * weights + 4.0 * size.n_block * pairs * tile**2 * size.width


def network_rows(sizes: list[str], n_contexts: list[int], lengths: list[int], tiles: list[int]) -> Iterator[dict]:
    """Measure networks."""
    for name, n_context, n_token, tile in itertools.product(sizes, n_contexts, lengths, tiles):
        row = {"what": "network", "size": name, "contexts": n_context, "tokens": n_token, "tile": tile}
        yield row | network_speed(SIZES[name], made_up_batch(n_context, n_token), tile)


def network_speed(size: TransformerSize, batch: Batch, tile: int) -> dict:
    """Measure one network, forward and with its gradient."""
    dtype = jnp.float32 if jax.default_backend() == "cpu" else jnp.bfloat16
    texts = random.normal(random.key(1), (128, TEXT_DIM))
    model = RelationalTransformer(size, TEXT_DIM, key=random.key(0))
    cells, target = cells_of(batch, tile), jnp.asarray(batch.target)

    def loss(model: RelationalTransformer, cells: ContextCells, target: jax.Array) -> jax.Array:
        predicted = model(cells, texts, dtype=dtype, tile=tile)[:, 0]
        return cell_loss(predicted, target, cells.kind[:, 0]).mean()

    row: dict = {"n_parameter": n_parameter(model), "dtype": jnp.dtype(dtype).name}
    work, n = flop(size, cells, tile), cells.row.size
    for part, program, cost in (("forward", loss, work), ("gradient", eqx.filter_grad(loss), 3 * work)):
        first, each = seconds(partial(eqx.filter_jit(program), model, cells, target))
        row |= {f"{part}_first_s": round(first, 2), f"{part}_s": round(each, 5)}
        row |= {f"{part}_tokens_per_s": round(n / each), f"{part}_tflop_per_s": round(cost / each / 1e12, 3)}
    return row


def attention_rows(n_context: int, lengths: list[int], tiles: list[int], n_head: int = 8, dim: int = 32) -> Iterator[dict]:
    """Measure one attention to features, forward and backward, in bfloat16."""
    for n_token in lengths:
        batch = made_up_batch(n_context, n_token)
        shape = (n_context, n_token, n_head, dim)
        query, key, value = (random.normal(k, shape, jnp.bfloat16) for k in random.split(random.key(0), 3))
        row = {"what": "attention", "contexts": n_context, "tokens": n_token}
        ids = jax.device_put((batch.row, batch.parent))
        mask = jax.jit(jax.vmap(lambda r, p: (r[:, None] == r) | (p[:, None] == r[None, :, None]).any(-1)))(*ids)
        for name in ("xla", "cudnn"):

            def dense(q: jax.Array, k: jax.Array, v: jax.Array, name: str = name, mask: jax.Array = mask[:, None]) -> jax.Array:
                return jax.nn.dot_product_attention(q, k, v, mask=mask, implementation=name).astype(jnp.float32).sum()

            try:
                yield row | {"attention": name} | timed(dense, query, key, value)
            except Exception as error:  # what a card cannot do is a result
                yield row | {"attention": name, "error": str(error)[:200]}
        for tile in tiles:
            cells = cells_of(batch, tile)

            def tiled(q: jax.Array, k: jax.Array, v: jax.Array, cells: ContextCells = cells, tile: int = tile) -> jax.Array:
                def one(q: jax.Array, k: jax.Array, v: jax.Array, c: ContextCells) -> jax.Array:
                    relations = relations_of(c.column, c.row, c.parent, c.column_pairs, c.feature_pairs, c.order, tile)
                    heads = [x.reshape(-1, tile, n_head, dim).swapaxes(1, 2) for x in (q, k, v)]
                    return attend(*heads, relations.feature).astype(jnp.float32).sum()

                return jax.vmap(one)(q, k, v, cells).sum()

            yield row | {"attention": f"tiles of {tile}"} | timed(tiled, query, key, value)


def timed(program: Callable, *arrays: jax.Array) -> dict[str, float]:
    """Milliseconds of a program and of its gradient."""
    forward, gradient = jax.jit(program), jax.jit(jax.grad(program, (0, 1, 2)))
    return {
        "forward_ms": round(1e3 * seconds(lambda: forward(*arrays))[1], 4),
        "gradient_ms": round(1e3 * seconds(lambda: gradient(*arrays))[1], 4),
        "value": float(forward(*arrays)),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["tiny"])
    parser.add_argument("--contexts", nargs="+", type=int, default=[16])
    parser.add_argument("--tokens", nargs="+", type=int, default=[256, 1024])
    parser.add_argument("--tiles", nargs="+", type=int, default=[32])
    parser.add_argument("--attention", action="store_true", help="compare attentions instead of networks")
    args = parser.parse_args()
    rows = (
        attention_rows(args.contexts[0], args.tokens, args.tiles)
        if args.attention
        else network_rows(args.sizes, args.contexts, args.tokens, args.tiles)
    )
    for row in rows:
        row |= {"device": jax.devices()[0].device_kind, "jax": jax.__version__}
        print(row, flush=True)
        with args.out.open("a") as file:
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
