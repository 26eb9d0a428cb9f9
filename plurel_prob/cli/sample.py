"""``plurel-prob sample``."""

import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.types import NonNegativeInt, PositiveInt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from plurel_prob.databases import DatabaseError
from plurel_prob.databases.schema import DatabaseSchema
from plurel_prob.priors import get_prior, scale_rows


def sample(
    *,
    out: Path,
    seed: NonNegativeInt = 0,
    count: PositiveInt = 1,
    prior: str = "plurel",
    rows_scale: PositiveInt = 1,
    workers: PositiveInt = 1,
    shard: str | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Draw databases and write each to a folder ``plurel-<seed>``, in RelBench format with latents and provenance.

    Databases that are there already, complete and of the same prior, are left as they are: a run that was interrupted goes on.

    Args:
        out: folder to write into; made if it is missing.
        seed: seed of the first database; the next ones follow.
        count: number of databases.
        prior: name of a prior (plurel, compact, plurel-untruncated), or a TOML file.
        rows_scale: multiply the rows of all tables by this; long tables are drawn and written part by part.
        workers: processes to draw and write in; a processor core can run one.
        shard: i/n, with i from 0 to n-1: draw every n-th database only, from the i-th on, as one of n jobs that share a folder.
        overwrite: draw databases that exist again.
    """
    from plurel_prob.corpora import left_to_draw, writing
    from plurel_prob.sampling import MAX_SEED
    from plurel_prob.sampling.pool import map_in_processes

    scaled = scale_rows(get_prior(prior), rows_scale)
    if seed + count - 1 > MAX_SEED:
        raise DatabaseError(f"--seed and --count: the last seed, {seed + count - 1}, is above {MAX_SEED}")
    console, summary, seeds = Console(), summary_table(), shard_of(range(seed, seed + count), shard)
    with writing(out, is_shared=shard is not None):
        left = list(seeds) if overwrite else left_to_draw(out, seeds, scaled)
        n_worker = max(min(workers, len(left)), 1)
        with progress_bar() as progress:
            task = progress.add_task("drawing", total=len(seeds), completed=len(seeds) - len(left))
            work = partial(draw_and_save, prior, rows_scale, out, overwrite)
            if n_worker == 1:
                work = partial(work, on_part=PartsProgress(progress))
            for row in map_in_processes(work, left, n_worker):
                summary.add_row(*row)
                progress.advance(task)
    if left:
        console.print(summary)
    if len(left) < len(seeds):
        console.print(f"{len(seeds) - len(left):,} of {len(seeds):,} databases were there already, complete.")
    if seeds:
        console.print(f"Written to {out}. Look at one: plurel-prob describe {out / f'plurel-{seeds[0]}'}", soft_wrap=True)


def shard_of(seeds: range, shard: str | None) -> range:
    """Seeds of one of several jobs.

    Raises:
        DatabaseError: the shard is not of the form i/n, with i from 0 to n-1.
    """
    if shard is None:
        return seeds
    match = re.fullmatch(r"(\d+)/(\d+)", shard)
    if match is None or not int(match[1]) < int(match[2]):
        raise DatabaseError(f"--shard {shard}: needs i/n, with i from 0 to n-1, such as 0/8")
    return seeds[int(match[1]) :: int(match[2])]


def draw_and_save(
    prior: str,
    rows_scale: int,
    out: Path,
    overwrite: bool,
    seed: int,
    *,
    on_part: Callable[[str, int, int], None] | None = None,
) -> list[str]:
    """Draw and write one database; return its row of the summary."""
    from plurel_prob.sampling import sample_to

    use_compilation_cache()
    start = time.perf_counter()
    scaled = scale_rows(get_prior(prior), rows_scale)
    schema = sample_to(out / f"plurel-{seed}", seed, scaled, overwrite=overwrite, on_part=on_part)
    return summary_row(seed, schema, time.perf_counter() - start)


def use_compilation_cache() -> None:
    """Keep compiled programs between runs, in the user's cache folder, unless JAX is told another."""
    import jax
    import platformdirs

    if jax.config.jax_compilation_cache_dir is None:  # type: ignore[attr-defined]
        jax.config.update("jax_compilation_cache_dir", platformdirs.user_cache_dir("plurel_prob"))


class PartsProgress:
    """A bar for the parts of a long table, gone when the table is complete."""

    def __init__(self, progress: Progress):
        self.progress, self.task = progress, progress.add_task("", visible=False)

    def __call__(self, table: str, n_drawn: int, n_part: int) -> None:
        """Show how many parts are drawn."""
        if n_drawn == 1:
            self.progress.reset(self.task, total=n_part)
        self.progress.update(self.task, description=table, completed=n_drawn, total=n_part, visible=n_drawn < n_part)


def progress_bar() -> Progress:
    """Return a bar with count, elapsed and remaining time, on stderr."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def summary_table() -> Table:
    """Return an empty table of drawn databases."""
    table = Table("seed", "tables", "rows", "cells", "foreign keys", "seconds")
    for column in table.columns:
        column.justify = "right"
    return table


def summary_row(seed: int, schema: DatabaseSchema, seconds: float) -> list[str]:
    """Return the row of one database."""
    tables = schema.tables.values()
    counts = [seed, len(tables), sum(t.n_row for t in tables), schema.n_cell, len(schema.graph)]
    return [*(f"{count:,}" for count in counts), f"{seconds:.2f}"]
