"""How many steps does an accelerator take for a batch, one after another, and how much memory? Loops' rounds are counted.

    python experiments/throughput/rounds.py --out experiments/throughput/results/rounds.jsonl

A round costs an accelerator some microseconds, whatever it computes, so that rounds a database bound its rate.
They are counted on any device, in the program for accelerators, with as many items side by side as these have; memory is what
XLA plans for that program on this device. A line of JSON for each prior and batch, of drawing values: structures are drawn
before. All databases fit the smallest bucket.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from accelerator import structures
from jax import lax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal
from jax.interpreters.partial_eval import dce_jaxpr
from numpyro import handlers

from plurel_prob import batches, get_prior
from plurel_prob.models.database import values
from plurel_prob.priors import Prior
from plurel_prob.programs.many import Seeded
from plurel_prob.programs.sizes import MIN_BUCKET

INNER = ("jaxpr", "call_jaxpr", "call")  # names under which primitives have what they call


def n_round_of(function: Callable[..., Any]) -> Callable[..., jax.Array]:
    """A function that counts the rounds of all loops of another, nested ones too; it computes the other, to know how many."""

    def count(*arguments: Any) -> jax.Array:
        program = jax.make_jaxpr(function)(*arguments)
        needed, _ = dce_jaxpr(program.jaxpr, [True] * len(program.jaxpr.outvars), instantiate=True)  # as compilers do
        return _evaluate(needed, program.consts, jax.tree.leaves(arguments))[1]

    return count


def _run(program: ClosedJaxpr, arguments: Sequence[Any]) -> tuple[list[Any], jax.Array]:
    """Results of a program, and its number of rounds."""
    return _evaluate(program.jaxpr, program.consts, arguments)


def _evaluate(jaxpr: Jaxpr, consts: Sequence[Any], arguments: Sequence[Any]) -> tuple[list[Any], jax.Array]:
    known, n_round = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*consts, *arguments), strict=True)), jnp.int32(0)

    def value_of(var: Any) -> Any:
        return var.val if isinstance(var, Literal) else known[var]

    for step in jaxpr.eqns:
        found, n = _step(step, [value_of(var) for var in step.invars])
        n_round += n
        known |= dict(zip(step.outvars, found, strict=True))
    return [value_of(var) for var in jaxpr.outvars], n_round


def _step(step: Any, inputs: list[Any]) -> tuple[list[Any], jax.Array | int]:
    name, params = step.primitive.name, step.params
    if name == "while":
        return _while(params, inputs)
    if name == "scan":
        return _scan(params, inputs)
    if name == "cond":
        branches = [lambda *inputs, branch=branch: _run(branch, inputs) for branch in params["branches"]]
        return lax.switch(inputs[0], branches, *inputs[1:])
    for inner in INNER:
        if isinstance(params.get(inner), ClosedJaxpr):
            return _run(params[inner], inputs)
    results = step.primitive.bind(*inputs, **step.primitive.get_bind_params(step.params))
    return (list(results) if step.primitive.multiple_results else [results]), 0


def _while(params: dict[str, Any], inputs: list[Any]) -> tuple[list[Any], jax.Array]:
    n_cond, n_body = params["cond_nconsts"], params["body_nconsts"]
    of_cond, of_body, start = inputs[:n_cond], inputs[n_cond : n_cond + n_body], inputs[n_cond + n_body :]

    def goes_on(carried: list[Any]) -> jax.Array:
        return _run(params["cond_jaxpr"], [*of_cond, *carried])[0][0]

    def body(state: Any) -> Any:
        found, n = _run(params["body_jaxpr"], [*of_body, *state[0]])
        is_on = goes_on(state[0])  # of each item of a batch, which stays as it is once it has ended
        return jax.tree.map(partial(_where, is_on), found, state[0]), state[1] + n + 1

    return lax.while_loop(lambda state: goes_on(state[0]).any(), body, (start, jnp.int32(0)))


def _where(is_on: jax.Array, new: jax.Array, old: jax.Array) -> jax.Array:
    return jnp.where(is_on.reshape(*is_on.shape, *[1] * (new.ndim - is_on.ndim)), new, old) if is_on.ndim else new


def _scan(params: dict[str, Any], inputs: list[Any]) -> tuple[list[Any], jax.Array]:
    n_const, n_carry = params["num_consts"], params["num_carry"]
    consts, start, each = inputs[:n_const], inputs[n_const : n_const + n_carry], inputs[n_const + n_carry :]

    def body(state: Any, each: Any) -> Any:
        found, n = _run(params["jaxpr"], [*consts, *state[0], *each])
        return (found[:n_carry], state[1] + n + 1), found[n_carry:]

    (carried, n_round), stacked = lax.scan(body, (start, jnp.int32(0)), each, length=params["length"], reverse=params["reverse"])
    return [*carried, *stacked], n_round


def figures(prior: Prior, n: int, *, is_counted: bool) -> dict[str, float]:
    """Memory of drawing the values of ``n`` databases side by side, and, if they are counted, rounds."""
    keys, known = map(list, zip(*islice(structures(prior), n), strict=True))
    stacked = jax.tree.map(lambda *parts: np.stack(parts), *(drawn.structure for drawn in known))

    def draw(of: Seeded) -> Any:
        return handlers.seed(values, of.key)(prior, of.structure, MIN_BUCKET)

    start, inputs, draw_all = time.perf_counter(), Seeded(jnp.stack(keys), stacked), jax.vmap(draw)
    memory = jax.jit(draw_all).lower(inputs).compile().memory_analysis()
    n_round = int(jax.jit(n_round_of(draw_all))(inputs)) if is_counted else None
    return {
        "n": n,
        **({} if n_round is None else {"rounds": n_round, "rounds_a_database": round(n_round / n, 1)}),
        "gigabytes": round((memory.temp_size_in_bytes + memory.output_size_in_bytes) / 1e9, 2),
        "seconds": round(time.perf_counter() - start, 1),
    }


def main() -> None:
    """Count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--priors", nargs="+", default=["compact", "plurel"])
    parser.add_argument("--n", nargs="+", type=int, default=[1, 16, 256], help="databases at a time")
    parser.add_argument("--chunk", type=int, default=batches.CHUNK_OF_OTHERS, help="items that are computed side by side")
    parser.add_argument("--memory-only", action="store_true", help="count no rounds, for which all is computed")
    args = parser.parse_args()
    batches.CHUNK[jax.default_backend()] = args.chunk
    for name in args.priors:
        for n in args.n:
            row = {"prior": name, "chunk": batches.chunk_size()} | figures(get_prior(name), n, is_counted=not args.memory_only)
            print(row, flush=True)
            with args.out.open("a") as file:
                file.write(json.dumps(row | {"jax": jax.__version__}) + "\n")


if __name__ == "__main__":
    main()
