"""Time the parts of a draw of the plurel prior alone: ``NPROC=1 python parts.py NAME``, into ``results/NAME.json``.

Each part runs some thousand times in a compiled loop; the fastest of five loops counts. A block is 1,024 rows of one node.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
from jax import Array, lax, random
from run import machine

from plurel_prob import get_prior
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS
from plurel_prob.distributions.mechanisms.curves import GRID, choose_encoder, look_up, place_on, quantile_grid
from plurel_prob.distributions.mechanisms.decoders import choose_decoder
from plurel_prob.distributions.mechanisms.networks import LATENT, NetworkRecipe
from plurel_prob.distributions.mechanisms.noise import beta_noise
from plurel_prob.distributions.mechanisms.sorting import sort_pilot
from plurel_prob.records import pack, row_of, unpack
from plurel_prob.threefry import unrolled

N_NETWORK, N_CAUSE, MAX_CATEGORY = 64, 10, 10


def microseconds(body: Callable, state: Array, n: int) -> float:
    """Time a round of a loop."""
    program = jax.jit(lambda state: lax.fori_loop(0, n, body, state)).lower(state).compile()
    jax.block_until_ready(program(state))
    times = []
    for _ in range(5):
        start = time.perf_counter()
        jax.block_until_ready(program(state))
        times.append(time.perf_counter() - start)
    return min(times) / n * 1e6


def networks() -> dict[str, float]:
    """Time encoders and decoders of numbers."""
    law = get_prior("plurel").features.network
    recipe = NetworkRecipe(law.n_layer, law.activation, law.initialisation, law.mask_density, law.log_gain, max_layer=4)
    keys = random.split(unrolled(random.key(0)), N_NETWORK)
    is_index, n_category = jnp.array(False), jnp.array(3)
    choose = {"encoder": lambda key: choose_encoder(key, recipe), "decoder": lambda key: choose_decoder(key, jnp.ones(2), recipe)}
    form = {name: jax.eval_shape(draw, keys[0]) for name, draw in choose.items()}
    draw = {name: jax.vmap(lambda key, one=one: pack(one(key))) for name, one in choose.items()}
    packed = {name: batch(keys) for name, batch in draw.items()}
    grid, x = jnp.sort(random.normal(random.key(1), (GRID,))), random.normal(random.key(2), (1024, LATENT))

    def network(name: str, i: Array):  # noqa: ANN202
        return unpack(row_of(packed[name], i % N_NETWORK), form[name])

    def tabulate(i: Array, tables: Array) -> Array:
        return tables.at[i % 100].set(network("encoder", i).tabulate(is_index, n_category, grid, MAX_CATEGORY))

    def decode(n_block: int, i: Array, total: Array) -> Array:
        weights = network("decoder", i).weights(is_index, n_category, MAX_CATEGORY)
        one_block = lambda _, total: total + weights.apply(x + total[0], is_index, n_category)  # noqa: E731
        return lax.fori_loop(0, n_block, one_block, total + weights.output[0, 0] + weights.hidden[0, 0, 0])

    result = {}
    fold = jax.vmap(random.fold_in, (0, None))
    for name, batch in draw.items():
        round_us = microseconds(lambda i, words, batch=batch: words ^ batch(fold(keys, i)), packed[name], 200)
        result[f"choices of one {name}"] = round_us / N_NETWORK
    result["matrices and curve of one encoder"] = microseconds(tabulate, jnp.zeros((100, GRID, LATENT)), 3200)
    result["matrices of one decoder"] = microseconds(partial(decode, 0), jnp.zeros(1024), 3200)
    result["decoding, a block"] = (microseconds(partial(decode, 5), jnp.zeros(1024), 640) - result["matrices of one decoder"]) / 5
    return result


def rows() -> dict[str, float]:
    """Time what is done at every row but decoding."""
    key, x = unrolled(random.key(3)), random.normal(random.key(4), (1024, LATENT))
    tables, place = random.normal(key, (200, GRID, LATENT)), random.uniform(key, (300, 1024), maxval=GRID - 1.0)
    quantiles, value = jnp.sort(random.uniform(key, (256,))), random.normal(key, (1024,))

    def reduce(kind: int, i: Array, total: Array) -> Array:
        n_cause = jnp.where(i >= 0, N_CAUSE, 0)  # as in a draw, not known to the compiler
        laws = [
            partial(law.reduce, lambda j: look_up(tables, j, row_of(place, j + i % 100)), n_cause)
            for law in AGGREGATIONS.values()
        ]
        return lax.switch(jnp.where(i >= 0, kind, 0), laws, total)

    def grid(i: Array, points: Array) -> Array:
        n_pilot = jnp.where(i >= 0, 1000, 0)
        return points + quantile_grid(sort_pilot(value * (points[0] + i), n_pilot), n_pilot)

    result = {
        f"one cause ({name}), a block": microseconds(partial(reduce, kind), x, 640) / N_CAUSE
        for kind, name in enumerate(AGGREGATIONS)
    }
    result["noise, a block"] = microseconds(lambda i, total: total + beta_noise(key, i, quantiles), x, 3200)
    result["grid of a node"] = microseconds(grid, jnp.ones(GRID), 3200)
    points = jnp.sort(random.normal(key, (GRID,)))
    result["places, a block"] = microseconds(lambda i, at: at * 1e-3 + place_on(points, value + at), value, 3200)
    return result


def main(name: str) -> None:
    """Measure, print, store."""
    result = {"machine": machine(), "microseconds": networks() | rows()}
    print(json.dumps(result, indent=1))
    (Path(__file__).parent / "results" / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
