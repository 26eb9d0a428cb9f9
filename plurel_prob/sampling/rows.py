"""Drawing some rows of a table: tables of any length in the memory of a few blocks.

Only a table that no other refers to can be drawn in parts, since a row may follow from any row of its parents. A part is drawn
with the first eight blocks of its table, which statistics of columns are taken from, and with the other tables.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jax import random

from plurel_prob.blocks import BLOCK, N_PILOT_BLOCK, HeldBlocks
from plurel_prob.databases import Database, disk
from plurel_prob.databases.schema import PKEY, DatabaseSchema, index_of, table_name
from plurel_prob.databases.tables import all_columns
from plurel_prob.files import check_folder
from plurel_prob.models.database import Bucket, Draw
from plurel_prob.priors import Prior, get_prior
from plurel_prob.programs.sizes import Sizes, bucket_for, bucket_of_all
from plurel_prob.programs.structure import draw_structure
from plurel_prob.programs.values import draw_with
from plurel_prob.sampling.programs import check_seed, draw, sizes_of
from plurel_prob.tasks import write_tasks

MIN_PART = 64  # blocks that are drawn at a time, at least, beside the first eight
MAX_WHOLE = N_PILOT_BLOCK + MIN_PART  # blocks of a table that is not drawn in parts


def in_parts(sizes: Sizes) -> np.ndarray:
    """Which tables are drawn in parts: those that no other refers to and that are long."""
    return ~np.asarray(sizes.is_entity) & (sizes.n_block > MAX_WHOLE)


def part_block(sizes: Sizes) -> int:
    """Blocks of a part: as many as the tables drawn with every part have, so that those do not cost more than the part itself."""
    beside = int(sizes.n_block[~in_parts(sizes)].sum())
    return max(MIN_PART, 1 << max(beside - 1, 0).bit_length())


def draw_first_blocks(prior: Prior, seed: int, sizes: Sizes) -> Draw:
    """Draw a database without most of its long tables: of those (:func:`in_parts`) the first eight blocks."""
    return _draw(prior, seed, sizes, np.where(in_parts(sizes), N_PILOT_BLOCK, sizes.n_block), np.zeros_like(sizes.n_block))


def draw_part(prior: Prior, seed: int, sizes: Sizes, table: int, part: int) -> Draw:
    """Draw a part of a long table, its first blocks and the tables that are not long."""
    n, skipped = np.where(in_parts(sizes), 0, sizes.n_block), np.zeros_like(sizes.n_block)
    skipped[table] = part * part_block(sizes)
    n[table] = min(sizes.n_block[table] - skipped[table], N_PILOT_BLOCK + part_block(sizes))
    return _draw(prior, seed, sizes, n, skipped)


def _draw(prior: Prior, seed: int, sizes: Sizes, n: np.ndarray, skipped: np.ndarray) -> Draw:
    on_host: Any = n.astype(np.int32), skipped.astype(np.int32)  # as the draw is
    held, key = HeldBlocks(*on_host), random.key(seed)
    return draw_with(prior, key, draw_structure(prior, key), _bucket(sizes), held=held)


def _bucket(sizes: Sizes) -> Bucket:
    """Bucket of every part of every long table, and of the first blocks of all: they share a program."""
    is_long, n_line = in_parts(sizes), np.asarray(sizes.n_line)
    whole, max_held = np.where(is_long, 0, sizes.n_block), N_PILOT_BLOCK + part_block(sizes)
    beside = max((max_held * n_line[is_long]).max(initial=0), N_PILOT_BLOCK * n_line[is_long].sum())
    return bucket_for(max(int(whole.max()), max_held), int((whole * n_line).sum() + beside))


def iterate_rows(prior: Prior, seed: int, sizes: Sizes, table: int) -> Iterator[pd.DataFrame]:
    """Draw a long table part by part, with all its columns, from the first row to the last."""
    for part in range(n_part(sizes, table)):
        frame, _ = all_columns(draw_part(prior, seed, sizes, table, part), table, prior.features.has_booleans)
        yield frame if part == 0 else frame[N_PILOT_BLOCK * BLOCK :].reset_index(drop=True)


def n_part(sizes: Sizes, table: int) -> int:
    """Number of parts of a long table."""
    return -(-(int(sizes.n_block[table]) - N_PILOT_BLOCK) // part_block(sizes))


def sample_rows(seed: int, table: str, rows: range, prior: Prior | str | Path = "plurel") -> pd.DataFrame:
    """Draw some rows of a table: those that ``sample(seed, prior).tables[table]`` has. Of a table of more than 73,728 rows only
    parts are drawn; other tables are drawn whole.

    Columns that are constant over the whole table, which ``sample`` leaves out, are here too, because a part cannot show
    whether a column is constant.

    Args:
        seed: 0 to 2147483647.
        table: name of a table that no other refers to.
        rows: with step 1, within the table.
        prior: see :func:`plurel_prob.sample`.

    Raises:
        ValueError: there is no such table or row, or other tables refer to it; or see :func:`plurel_prob.sample`.

    Example:
        >>> from plurel_prob import sample_rows
        >>> frame = sample_rows(0, "table_1", range(1000, 2000))  # doctest: +SKIP
    """
    check_seed(seed)
    prior = get_prior(prior)
    sizes = sizes_of(prior, random.key(seed))
    index = _check_rows(sizes, table, rows)
    if in_parts(sizes)[index]:
        first, last = (max(row // BLOCK - N_PILOT_BLOCK, 0) // part_block(sizes) for row in (rows.start, rows.stop - 1))
        draws: Iterator[Draw] = (draw_part(prior, seed, sizes, index, part) for part in range(first, last + 1))
    elif in_parts(sizes).any():
        draws = iter([draw_first_blocks(prior, seed, sizes)])
    else:
        draws = iter([draw(prior, seed, bucket_of_all(sizes))])
    frames = [_select(all_columns(drawn, index, prior.features.has_booleans)[0], rows) for drawn in draws]
    return pd.concat(frames).drop_duplicates(PKEY).sort_values(PKEY, ignore_index=True)


def _check_rows(sizes: Sizes, table: str, rows: range) -> int:
    index = index_of(table, table_name)
    n_table = int((sizes.n_block > 0).sum())
    if index is None or index >= n_table:
        raise ValueError(f"there is no table {table!r}; the database has table_0 to table_{n_table - 1}")
    if sizes.is_entity[index]:
        raise ValueError(f"other tables refer to {table}, so it cannot be drawn in parts; use sample()")
    n_row = int(sizes.n_row[index])
    if rows.step != 1 or not 0 <= rows.start < rows.stop <= n_row:
        raise ValueError(f"rows must ascend by 1 within 0 to {n_row}, got {rows}")
    return index


def _select(frame: pd.DataFrame, rows: range) -> pd.DataFrame:
    return frame[frame[PKEY].between(rows.start, rows.stop - 1)].reset_index(drop=True)


def sample_to(
    path: Path | str,
    seed: int = 0,
    prior: Prior | str | Path = "plurel",
    *,
    overwrite: bool = False,
    tasks: bool = False,
    latents: bool = True,
    on_part: Callable[[str, int, int], None] | None = None,
) -> DatabaseSchema:
    """Draw a database and write it, as ``sample(seed, prior).save(path)`` does, but long tables part by part.

    Tables of more than 73,728 rows that no other refers to are long: memory does not grow with their rows, and their latents have
    the values and links of the first 8,192 rows only.

    Args:
        path: folder, which appears complete or not at all.
        seed: 0 to 2147483647.
        prior: see :func:`plurel_prob.sample`.
        overwrite: replace a folder that exists.
        tasks: write prediction tasks, too; see :mod:`plurel_prob.tasks`. Long tables are in memory meanwhile.
        latents: write them, too.
        on_part: called with the name of a long table, the number of parts that are drawn, and that of all.

    Raises:
        DatabaseError: ``path`` exists and ``overwrite`` is false, or it cannot be written.
        ValueError: the seed is out of range, or the prior is unknown or wrong.
    """
    check_seed(seed)
    path, prior = Path(path), get_prior(prior)
    check_folder(path, overwrite=overwrite)
    sizes = sizes_of(prior, random.key(seed))
    long = [int(table) for table in np.flatnonzero(in_parts(sizes))]
    if not long:
        database = Database.from_draw(draw(prior, seed, bucket_of_all(sizes)), seed, prior)
        database.save(path, overwrite=overwrite, tasks=tasks, latents=latents)
        return database.schema
    first_blocks = draw_first_blocks(prior, seed, sizes)
    database = Database.from_draw(first_blocks, seed, prior)

    def parts(table: int) -> Iterator[pd.DataFrame]:
        for i, frame in enumerate(iterate_rows(prior, seed, sizes, table)):
            yield frame
            if on_part:
                on_part(table_name(table), i + 1, n_part(sizes, table))

    # what is constant in the first blocks may vary later: the columns of long tables are known once they are written
    schemas = {table_name(t): all_columns(first_blocks, t, prior.features.has_booleans)[1] for t in long}
    by_name, also = {table_name(t): parts(t) for t in long}, [write_tasks] if tasks else []
    written = disk.write(database, path, overwrite=overwrite, parts=by_name, also=also, latents=latents)
    columns = {name: disk.column_names(written, name) for name in schemas}
    tables = {name: schema.without(set(schema.columns) - columns[name]) for name, schema in schemas.items()}
    return replace(database.schema, tables=database.schema.tables | tables)
