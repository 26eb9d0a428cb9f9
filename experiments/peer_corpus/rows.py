"""Train networks of rows on databases of several generators, and measure their loss on tasks of databases that each holds out.

    python -m experiments.peer_corpus.rows --peer out/peer --pools out/pools --runs out/peer_rows \
        --out experiments/peer_corpus/results/rows.jsonl

All corpora have as many databases, and all runs see as many tasks of as many rows. Seeds are of weights and batches;
databases are the same for all. A line of JSON for each corpus and seed; what has a line is left out.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from experiments.lines import append_lines, read_lines
from experiments.networks import folders_of
from experiments.rows import (
    N_HELD_OUT,
    PACKAGES,
    InOrder,
    Pool,
    add_options,
    config_of,
    data_of,
    held_out_losses,
    held_out_pool,
    held_out_tasks,
    training_pool,
)
from plurel_prob.rfm.rows.training import train

PEER = "peer"


def measured(args: argparse.Namespace, done: set[tuple[str, int]]) -> Iterator[dict]:
    """Train on each corpus with each seed, and give its line."""
    end, start = time.monotonic() + 60 * args.minutes, config_of(args, args.size, 1, 0)
    folders = folders_of(args.peer, args.n_database + args.n_held_out)
    pools = {prior: training_pool(prior, args.pools, 0) for prior in args.priors}
    pools[PEER] = Pool(InOrder(folders[: args.n_database]), args.pools / PEER)
    held_out = {prior: held_out_tasks(held_out_pool(prior, args.pools), start) for prior in args.priors}
    of_peer = Pool(InOrder(folders[args.n_database :]), args.pools / f"{PEER}-held-out")
    held_out[PEER] = held_out_tasks(of_peer, start, args.n_held_out)
    for seed in range(args.n_seed):
        for name, pool in pools.items():
            if (name, seed) in done:
                continue
            if time.monotonic() > end:
                return
            begin, config = time.perf_counter(), config_of(args, args.size, args.steps, seed)
            run = train(data_of(pool, args.n_database), args.runs / f"{name}-{seed}", config, checkpoint_every=512)
            seconds = round(time.perf_counter() - begin, 1)
            place = {"corpus": name, "seed": seed, "n_database": args.n_database, "n_step": args.steps, "size": args.size}
            yield place | {"losses": held_out_losses(held_out, run.model), "seconds": seconds}


def told(line: dict) -> str:
    """The losses of a line."""
    losses = {name: round(found["validation_loss"], 4) for name, found in line["losses"].items()}
    return f"{line['corpus']}, seed {line['seed']}: {losses}, {line['seconds']} s"


def main() -> None:
    """Run what has no line yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--peer", type=Path, required=True, help="folder of databases of the released generator")
    parser.add_argument("--priors", nargs="+", default=["compact", "plurel", "realistic"])
    parser.add_argument("--size", default="small")
    parser.add_argument("--n-database", type=int, default=128, help="databases of each corpus to train on")
    parser.add_argument("--n-held-out", type=int, default=min(64, N_HELD_OUT), help="databases of the peer that are held out")
    parser.add_argument("--n-seed", type=int, default=5)
    parser.add_argument("--steps", type=int, default=256)
    args = parser.parse_args()
    done = {(line["corpus"], line["seed"]) for line in read_lines(args.out)}
    append_lines(args.out, measured(args, done), PACKAGES, told)


if __name__ == "__main__":
    main()
