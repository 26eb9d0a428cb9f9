"""Train networks of rows for real databases that are left out: on other real ones, on drawn ones, on drawn and then real ones.

    python -m experiments.continued_pretraining.rows --data lahman rel-f1 chinook financial --left-out lahman rel-f1 \
        --pools out/pools --runs out/continued_rows --out experiments/continued_pretraining/results/rows.jsonl

All runs take the same number of steps; the third arm takes half of them on drawn databases, and sees the same real tasks as the
first. A line of JSON for each left-out database, arm, seed, task and regime, by all rows of the test split. What has a line is
left out. Two databases that share rows (``--same``) are left out together.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from experiments.generalisation.rows import REGIMES, Asked
from experiments.lines import append_lines, read_lines
from experiments.rows import InOrder, Pool, add_options, config_of, data_of, training_pool
from plurel_prob.rfm.evaluation import task_names
from plurel_prob.rfm.evaluation.problem import Problem
from plurel_prob.rfm.rows.network import RowNetwork
from plurel_prob.rfm.rows.tasks import read_task
from plurel_prob.rfm.rows.training import train

PACKAGES = ("jax", "jaxlib", "relbench", "scikit-learn")
ARMS = ("real", "drawn", "both")
N_REAL_TASK = 200  # of a real database
KEYS = ("left_out", "arm", "seed")


def trained(arm: str, seed: int, left_out: list[Path], args: argparse.Namespace) -> RowNetwork:
    """Train one network; drawn ones are the same for all that is left out."""
    real = [folder for folder in args.data if folder not in left_out]
    place = args.runs / "-".join(folder.name for folder in left_out)
    pool = Pool(InOrder(real), args.pools / "-".join(["real", *(folder.name for folder in real)]), N_REAL_TASK)
    of_real = data_of(pool, len(real))
    of_drawn = data_of(training_pool(args.prior, args.pools, seed), args.n_database)
    whole, half = (config_of(args, args.size, n_step, seed) for n_step in (args.steps, args.steps // 2))
    if arm == "real":
        return train(of_real, place / f"{arm}-{seed}", whole, checkpoint_every=512).model
    if arm == "drawn":
        return train(of_drawn, args.runs / f"{arm}-{seed}", whole, checkpoint_every=512).model
    first = args.runs / f"first-{seed}"
    train(of_drawn, first, half, checkpoint_every=512)
    return train(of_real, place / f"{arm}-{seed}", half, init=first, checkpoint_every=512).model


def groups_of(data: list[Path], same: list[str]) -> list[list[Path]]:
    """Databases that are left out together."""
    together = [folder for folder in data if folder.name in same]
    return [[folder] for folder in data if folder not in together] + ([together] if together else [])


def measured(args: argparse.Namespace, done: set[tuple]) -> Iterator[dict]:
    """Train the networks of a seed, and evaluate each on what it has not seen, then those of the next seed."""
    end = time.monotonic() + 60 * args.minutes
    asked: dict[tuple[str, str, str], Asked] = {}
    for seed in range(args.n_seed):
        for left_out in groups_of(args.data, args.same):
            for arm in ARMS:
                name = "-".join(folder.name for folder in left_out)
                if (name, arm, seed) in done:
                    continue
                if time.monotonic() > end:
                    return
                found, network = {}, trained(arm, seed, left_out, args)
                for folder, task, regime in ((f, task, regime) for f in left_out for task in task_names(f) for regime in REGIMES):
                    key = folder.name, task, regime
                    asked[key] = asked.get(key) or Asked(Problem(read_task(folder, task), "test", regime))
                    found["; ".join(key)] = asked[key].figures(network)
                yield {"left_out": name, "arm": arm, "seed": seed, "n_step": args.steps, "figures": found}


def told(line: dict) -> str:
    """What was measured."""
    shown = {task: round(next(iter(found.values())), 3) for task, found in line["figures"].items()}
    return ", ".join(str(line[key]) for key in KEYS) + f": {shown}"


def main() -> None:
    """Run what has no line yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of real databases with tasks")
    parser.add_argument("--same", nargs="*", default=["financial", "financial-early"], help="names of those with rows in common")
    parser.add_argument("--prior", default="realistic", help="of the drawn databases")
    parser.add_argument("--size", default="small")
    parser.add_argument("--n-database", type=int, default=128, help="drawn databases")
    parser.add_argument("--n-seed", type=int, default=5)
    parser.add_argument("--steps", type=int, default=256)
    args = parser.parse_args()
    done = {tuple(line[key] for key in KEYS) for line in read_lines(args.out)}
    append_lines(args.out, measured(args, done), PACKAGES, told)


if __name__ == "__main__":
    main()
