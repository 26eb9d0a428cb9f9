"""Train the same network on corpora of several generators, and measure its loss on databases that each has held out.

    python -m experiments.peer_corpus.run --corpora plurel=out/corpus compact=out/compact peer=out/peer --runs out/peer_corpus \
        --out experiments/peer_corpus/results/two_cores.jsonl

Of the databases of the smallest seeds of each corpus, those are trained on that have as many rows in all as those of the others;
the rest is held out. A line of JSON for each corpus and seed. What has a line is left out; a run that was interrupted goes on
from its last checkpoint.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq

from experiments.lines import append_lines, read_lines
from experiments.networks import PACKAGES, add_options, config_of, folders_of
from plurel_prob.rfm.cells.network import text_encoder
from plurel_prob.rfm.cells.training import ValidationCells, folder_data, load_model, train


def named(text: str) -> tuple[str, Path]:
    """Read NAME=FOLDER."""
    name, _, path = text.partition("=")
    if not path:
        raise argparse.ArgumentTypeError(f"must be NAME=FOLDER, got {text}")
    return name, Path(path)


def n_row_of(folder: Path) -> int:
    """Rows of all tables of a database."""
    return sum(pq.read_metadata(path).num_rows for path in (folder / "db").glob("*.parquet"))


def matched(n_row: list[int], n_database: int, total: int) -> list[int]:
    """Choose databases with as nearly a number of rows in all as exchanges of one of the first for one of the others lead to."""
    chosen, others = list(range(n_database)), list(range(n_database, len(n_row)))
    while others:
        gap = total - sum(n_row[i] for i in chosen)
        left, a, b = min((abs(gap - n_row[j] + n_row[i]), i, j) for i in chosen for j in others)
        if left >= abs(gap):
            break
        chosen[chosen.index(a)], others[others.index(b)] = b, a
    return sorted(chosen)


def split(corpora: dict[str, list[Path]], n_database: int) -> dict[str, tuple[list[Path], list[Path]]]:
    """Databases of each corpus to train on, with as many rows as the corpus has that has the fewest, and those held out."""
    n_row = {name: [n_row_of(folder) for folder in folders] for name, folders in corpora.items()}
    total = min(sum(some[:n_database]) for some in n_row.values())
    parts = {}
    for name, folders in corpora.items():
        chosen = matched(n_row[name], n_database, total)
        parts[name] = ([folders[i] for i in chosen], [folder for i, folder in enumerate(folders) if i not in chosen])
    return parts


def measured(args: argparse.Namespace, done: set[tuple[str, int]]) -> Iterator[dict]:
    """Train on each corpus with each seed, and give its line."""
    corpora = split({name: folders_of(path, args.n_database + args.n_held_out) for name, path in args.corpora}, args.n_database)
    read = cache(lambda name: folder_data(corpora[name][0], args.context_length, args.masked))
    held_out = {name: folder_data(others, args.context_length) for name, (_, others) in corpora.items()}
    validations: dict[str, ValidationCells] = {}
    for seed in range(args.n_seed):
        config = config_of(args, args.steps, seed)
        for name, (folders, _) in corpora.items():
            if (name, seed) in done:
                continue
            start, run = time.perf_counter(), args.runs / f"{name}-{seed}"
            train(read(name), run, config, checkpoint_every=max(1, args.steps // 4))
            trained, encoder = load_model(run), text_encoder(config.text_encoder)
            if not validations:  # the same cells for all
                validations = {
                    other: ValidationCells(data, trained.config, encoder, args.n_validation) for other, data in held_out.items()
                }
            yield {
                "corpus": name,
                "seed": seed,
                "held_out": {other: validation.figures(trained.model) for other, validation in validations.items()},
                "n_row": sum(n_row_of(folder) for folder in folders),
                "databases": [folder.name for folder in folders],
                "seconds": round(time.perf_counter() - start, 1),
                "config": {key: value for key, value in asdict(trained.config).items() if key != "data"},
            }


def told(line: dict) -> str:
    """The losses of a line."""
    losses = {name: round(figures["validation_loss"], 4) for name, figures in line["held_out"].items()}
    return f"{line['corpus']}, seed {line['seed']}: {losses}"


def main() -> None:
    """Run what has no line yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=named, nargs="+", required=True, metavar="NAME=FOLDER", help="folders of databases")
    parser.add_argument("--runs", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--out", type=Path, required=True, help="file of results")
    parser.add_argument("--n-database", type=int, default=48, help="databases of each corpus to train on")
    parser.add_argument("--n-held-out", type=int, default=16, help="databases of each corpus that are held out")
    parser.add_argument("--n-seed", type=int, default=2)
    parser.add_argument("--n-validation", type=int, default=2048, help="cells of the databases that each corpus holds out")
    parser.add_argument("--steps", type=int, default=500)
    add_options(parser)
    args = parser.parse_args()
    done = {(line["corpus"], line["seed"]) for line in read_lines(args.out)}
    append_lines(args.out, measured(args, done), PACKAGES, told)


if __name__ == "__main__":
    main()
