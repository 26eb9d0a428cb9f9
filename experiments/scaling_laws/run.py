"""Train networks on grids of databases and cells, and measure their loss on databases that are held out.

    python -m experiments.scaling_laws.run --corpus out/corpus --held-out out/held --runs out/scaling \
        --out experiments/scaling_laws/results/two_cores.jsonl

A line of JSON for each run. Runs whose line is there are left out; one that was interrupted goes on from its last checkpoint.
"""

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

from experiments.lines import append_lines, read_lines
from experiments.networks import PACKAGES, add_options, config_of, folders_of
from plurel_prob.rfm.cells.network import text_encoder
from plurel_prob.rfm.cells.training import ValidationCells, folder_data, load_model, train


class Point(NamedTuple):
    """One run: databases, cells seen, and seed of weights and contexts."""

    n_database: int
    n_cell: int
    seed: int

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.n_database}-{self.n_cell}-{self.seed}"


def grid(databases: list[int], cells: list[float], n_seed: int, n_corner_seed: int) -> list[Point]:
    """All pairs with some seeds, corners with more; the cheapest first."""
    n_cells = sorted(int(n) for n in cells)
    points = [Point(*point) for point in itertools.product(databases, n_cells, range(n_seed))]
    corners = itertools.product({min(databases), max(databases)}, {n_cells[0], n_cells[-1]})
    points += [Point(n, s, seed) for (n, s), seed in itertools.product(corners, range(n_seed, n_corner_seed))]
    return sorted(points, key=lambda point: (point.n_cell, point.seed, point.n_database))


def measured(args: argparse.Namespace, points: list[Point]) -> Iterator[dict]:
    """Train at each point, and give its line."""
    held_out = folder_data([args.held_out], args.context_length)
    validation: ValidationCells | None = None
    read = cache(lambda n_database: folder_data(folders_of(args.corpus, n_database), args.context_length, args.masked))
    for point in points:
        n_step, start = max(1, round(point.n_cell / (args.batch_size * args.context_length))), time.perf_counter()
        config = config_of(args, n_step, point.seed)
        data, run = read(point.n_database), args.runs / point.name
        train(data, run, config, checkpoint_every=max(1, config.n_step // 4), log_every=max(1, config.n_step // 100))
        trained = load_model(run)
        if validation is None:  # the same cells for all, and one program
            validation = ValidationCells(held_out, trained.config, text_encoder(config.text_encoder), args.n_validation)
        yield {
            **point._asdict(),
            **validation.figures(trained.model),
            "seconds": round(time.perf_counter() - start, 1),
            "config": {name: value for name, value in asdict(trained.config).items() if name != "data"},
            "corpus": data.folders[0].name + " to " + data.folders[-1].name,
            "held_out": len(held_out.folders),
            "n_validation": len(validation.target),
        }


def main() -> None:
    """Run what has no line yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of drawn databases")
    parser.add_argument("--held-out", type=Path, required=True, help="folder of others")
    parser.add_argument("--runs", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--out", type=Path, required=True, help="file of results")
    parser.add_argument("--databases", type=int, nargs="+", default=[1, 4, 16, 64, 256])
    parser.add_argument("--cells", type=float, nargs="+", default=[0.125e6, 0.5e6, 2e6, 8e6])
    parser.add_argument("--n-seed", type=int, default=1, help="seeds of every pair")
    parser.add_argument("--n-corner-seed", type=int, default=2, help="seeds at the corners of the grid")
    parser.add_argument("--n-validation", type=int, default=2048, help="cells of the databases that are held out")
    add_options(parser)
    args = parser.parse_args()
    done = {(line["n_database"], line["n_cell"], line["seed"]) for line in read_lines(args.out)}
    points = [point for point in grid(args.databases, args.cells, args.n_seed, args.n_corner_seed) if point not in done]
    told = "{n_database} databases, {n_cell:,} cells: {validation_loss:.4f}".format_map
    append_lines(args.out, measured(args, points), PACKAGES, told)


if __name__ == "__main__":
    main()
