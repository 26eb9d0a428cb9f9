"""What studies that train networks have in common: options of the command, settings of a run, databases of a corpus."""

import argparse
from pathlib import Path

from plurel_prob.corpora import CorpusFolder
from plurel_prob.rfm.cells.training import TrainingConfig

PACKAGES = ("jax", "jaxlib", "equinox", "optax", "numpy")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a run: size of the network, batches, learning rate."""
    parser.add_argument("--size", default="tiny")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--context-length", type=int, default=256)
    parser.add_argument("--masked", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=2e-3)


def config_of(args: argparse.Namespace, n_step: int, seed: int) -> TrainingConfig:
    """Settings of a run: the schedule of the learning rate fits its length."""
    return TrainingConfig(
        size=args.size,
        n_step=n_step,
        batch_size=args.batch_size,
        context_length=args.context_length,
        n_masked=args.masked,
        learning_rate=args.learning_rate,
        seed=seed,
    )


def folders_of(corpus: Path, n_database: int) -> list[Path]:
    """The databases of the smallest seeds: a larger corpus has those of a smaller one."""
    names = CorpusFolder(corpus).databases()  # by seed
    if len(names) < n_database:
        raise SystemExit(f"{corpus} has {len(names)} databases; {n_database} are needed")
    return [corpus / name for name in names[:n_database]]
