"""Train networks for a real database that is left out: on other real ones, on drawn ones, and on drawn ones and then real ones.

    python -m experiments.continued_pretraining.run --held-out rel-f1 --real lahman financial chinook --corpus out/corpus_64 \
        --runs out/continued/rel-f1

All take the same number of steps; the third takes half of them on drawn databases. Runs that are complete stay, one that was
interrupted goes on from its last checkpoint. ``generalisation/run.py`` evaluates them.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from experiments.networks import add_options, config_of
from plurel_prob.rfm.cells.training import FolderData, folder_data, train

ARMS = ("real", "synthetic", "both")


def run_arm(arm: str, seed: int, args: argparse.Namespace, data: Callable[[str], FolderData]) -> None:
    """Train one network, into ``--runs``; what comes before it is in the folder ``first`` there."""
    out, every = args.runs / f"{arm}-{seed}", max(1, args.steps // 4)
    if arm != "both":
        train(data(arm), out, config_of(args, args.steps, seed), checkpoint_every=every)
        return
    first, n_step = args.runs / "first" / f"synthetic-{seed}", args.steps // 2
    train(data("synthetic"), first, config_of(args, n_step, seed), checkpoint_every=every)
    train(data("real"), out, config_of(args, n_step, seed), init=first, checkpoint_every=every)


def main() -> None:
    """Train what is not there yet, all networks of a seed before those of the next."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held-out", type=Path, required=True, help="folder of the real database that no network sees")
    parser.add_argument("--real", type=Path, nargs="+", required=True, help="folders of other real databases")
    parser.add_argument("--corpus", type=Path, required=True, help="folder of drawn databases")
    parser.add_argument("--runs", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--n-seed", type=int, default=3)
    parser.add_argument("--steps", type=int, default=500)
    add_options(parser)
    args = parser.parse_args()
    if args.held_out.resolve() in [folder.resolve() for folder in args.real]:
        raise SystemExit(f"--real: {args.held_out} is the database that is left out")
    folders = {"real": args.real, "synthetic": [args.corpus]}
    for seed in range(args.n_seed):
        for arm in ARMS:
            run_arm(arm, seed, args, lambda kind: folder_data(folders[kind], args.context_length, args.masked))
            print(f"{arm}, seed {seed}: in {args.runs}", flush=True)


if __name__ == "__main__":
    main()
