"""``plurel-prob sample`` into stores, and of declared schemas."""

import hashlib
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from plurel_prob.cli.notes import noted, origin_noted
from plurel_prob.cli.output import PlainConsole, print_json, print_table
from plurel_prob.cli.progress import PartsProgress, progress_bar
from plurel_prob.cli.rows import rows_asked
from plurel_prob.cli.summary import summary_table
from plurel_prob.errors import DatabaseError
from plurel_prob.files import check_apart, check_folder, check_no_link, tidy

if TYPE_CHECKING:
    from plurel_prob.declared import DeclaredSchema
    from plurel_prob.drawing import Values
    from plurel_prob.priors import Prior
    from plurel_prob.stores import Format
else:
    DeclaredSchema = Format = Prior = Values = Any  # stores import pyarrow, priors JAX

SUFFIXES = {"duckdb": ".duckdb", "sqlite": ".sqlite"}
MOST_TOLD = 20  # kinds of statements that are not read
OnStep = Callable[[str, int, int], None]  # what is done next, how much of it is done, how much there is


class DrawRequest(NamedTuple):
    """What is drawn, and where it goes; processes are sent it.

    Attributes:
        out: folder, or URL of a PostgreSQL database.
        format: of the stores.
        schema: the declaration; None: a schema is drawn, too.
        rows: numbers of rows that are asked for.
        name: of the prior.
        record: of the prior.
        fingerprint: of the prior.
        overwrite: whether stores that exist are replaced.
        values: what is in the columns of a declared schema.
        derived: whether some of them follow from others.
    """

    out: str
    format: Format
    schema: DeclaredSchema | None
    rows: Mapping[str, int]
    name: str
    record: dict[str, Any]
    fingerprint: str
    overwrite: bool
    values: Values = "meanings"
    derived: bool = True

    def target(self, seed: int) -> Path | str:
        """Where the database of a seed goes."""
        if self.format == "postgresql":
            return self.out
        from plurel_prob.drawing import name_of

        name = "plurel" if self.schema is None else name_of(self.schema)
        return Path(self.out) / f"{name}-{seed}{SUFFIXES.get(self.format, '')}"

    def origin(self, seed: int) -> dict[str, Any]:
        """What decides the rows of a store; it is in a file beside it."""
        from plurel_prob.priors import PROGRAM_VERSION

        schema = None if self.schema is None else hashlib.sha256(repr(self.schema.tables).encode()).hexdigest()[:16]
        prior = {"model": self.name, "fingerprint": self.fingerprint}
        of_columns = {} if schema is None else {"values": self.values, "derived": self.derived}
        return prior | {"program_version": PROGRAM_VERSION, "seed": seed, "schema": schema, "rows": dict(self.rows)} | of_columns

    def is_there(self, seed: int) -> bool:
        """Whether the store of a seed is complete: the file beside says what a store was drawn with that appeared at once.

        Raises:
            DatabaseError: there is something else.
        """
        target = self.target(seed)
        if not isinstance(target, Path) or not target.exists():
            return False
        if origin_noted(target) != self.origin(seed):
            raise DatabaseError(
                f"{target} exists, and was drawn otherwise, or not at all; choose another --out, or --overwrite it"
            )
        return True


def refuse_options(**given: bool) -> None:
    """Refuse options that stores and declared schemas have no use for.

    Raises:
        DatabaseError: one is given.
    """
    for name, is_given in given.items():
        if is_given:
            option = name.replace("_", "-")
            raise DatabaseError(f"--{option}: is for drawn schemas in RelBench format; leave it out with --schema and --format")


def order_of(
    out: str,
    format: Format,
    schema: str | None,
    dialect: str | None,
    rows: Sequence[str],
    prior: Prior,
    overwrite: bool,
    *,
    strict: bool = False,
    ignore_unsupported: bool = False,
    values: Values = "meanings",
    derived: bool = True,
) -> DrawRequest:
    """Read a schema, and what is asked of it; name what of it is not read, or with ``strict`` refuse that.

    Raises:
        DatabaseError: the schema cannot be read or honoured, or the options contradict each other.
    """
    if (format == "postgresql") != ("://" in out):
        where = out.partition("://")[0] + "://..." if "://" in out else out  # a URL can have a password
        raise DatabaseError(f"--out {where}: --format {format} needs {'a folder' if '://' in out else 'the URL of a database'}")
    if format != "postgresql" and Path(out).exists() and not Path(out).is_dir():
        raise DatabaseError(f"--out {out}: is a file; give a folder")
    declared = None
    if schema is not None:
        from plurel_prob.cli.extras import extra

        with extra("sql"):
            from plurel_prob.declared import declared_of, honoured
            from plurel_prob.drawing import drawable

            declared = drawable(declared_of(schema, dialect, ignore_unsupported=True))
            declared = declared if ignore_unsupported else honoured(declared)
            tell_skipped(declared, strict=strict)
    elif ignore_unsupported:
        raise DatabaseError("--ignore-unsupported: is for the constraints of a schema; give it with --schema")
    asked = rows_asked(rows, schema, declared)
    if declared is not None:
        from plurel_prob.drawing import check_fits, check_rows_asked

        check_fits(declared, format)
        check_rows_asked(declared, prior, asked, values)
    of_prior = prior.name, prior.record(), prior.fingerprint
    order = DrawRequest(out, format, declared, asked, *of_prior, overwrite, values, derived)
    target = order.target(0)
    if schema is not None and Path(schema).is_dir() and isinstance(target, Path):
        check_apart(Path(schema), target)
    return order


def tell_skipped(schema: DeclaredSchema, *, strict: bool) -> None:
    """Name what of a schema is not read, on standard error.

    Raises:
        DatabaseError: there is such, and with ``strict`` there must not be.
    """
    listed = [*schema.skipped[:MOST_TOLD], *(["..."] if len(schema.skipped) > MOST_TOLD else [])]
    if listed and strict:
        raise DatabaseError(f"{schema.source}: --strict: not read: {'; '.join(listed)}")
    for note in listed:
        print(f"{schema.source}: not read: {note}", file=sys.stderr)


def sample_into_stores(order: DrawRequest, seeds: Sequence[int], workers: int | None, *, as_json: bool = False) -> None:
    """Draw a database for each seed, and put each into a store of its own."""
    if not seeds:
        PlainConsole(stderr=as_json, soft_wrap=True).print("There is nothing to draw in this shard.")
        if as_json:
            print_json({"out": [], "drawn": [], "there_already": []})
        return
    if order.format == "postgresql" and len(seeds) > 1:
        raise DatabaseError(f"--out {order.out.partition('://')[0]}://...: one database holds one draw; leave --count out")
    if order.schema is not None:
        from plurel_prob.declared import order_tables

        for child, key in order_tables(order.schema)[1]:
            if child != key.parent:
                names = f"{child}.({', '.join(key.columns)}) refers to {key.parent}"
                PlainConsole(stderr=as_json, soft_wrap=True).print(
                    f"Tables refer to each other in a circle: {names}, and is drawn last, each row with the same chance."
                )
    left = list(seeds) if order.overwrite else [seed for seed in seeds if not order.is_there(seed)]
    summaries, lost = list[dict[str, Any]](), list[str]()
    with progress_bar() as progress, tidied(order):
        task = progress.add_task("drawing", total=len(seeds), completed=len(seeds) - len(left))
        with PartsProgress(progress) as on_step, closing(_drawn(order, left, workers, on_step)) as drawn:
            for summary, warnings in drawn:
                summaries.append(summary | ({"left_out": warnings} if as_json else {}))
                lost += warnings
                progress.advance(task)
    if as_json:
        targets = [str(target) for target in map(order.target, seeds) if isinstance(target, Path)]
        print_json({"out": targets, "drawn": summaries, "there_already": sorted({*seeds}.difference(left))})
        return
    console = PlainConsole()
    if summaries:
        print_table(summary_table(summaries))
    target = order.target(seeds[0])
    where = target if isinstance(target, Path) else order.format  # a URL can have a password
    look = f" Look at it: plurel-prob describe {where}" if isinstance(target, Path) else ""
    console.print(f"Written to {where}{' and beside it' if len(seeds) > 1 else ''}.{look}", soft_wrap=True)
    for warning in dict.fromkeys(lost):
        console.print(f"Left out: {warning}", soft_wrap=True)
    if len(left) < len(seeds):
        console.print(f"{len(seeds) - len(left):,} of {len(seeds):,} databases were there already.")


@contextmanager
def tidied(order: DrawRequest) -> Iterator[None]:
    """Remove what workers have left that were killed."""
    try:
        yield
    finally:
        if order.format != "postgresql":
            tidy(Path(order.out))


def _drawn(
    order: DrawRequest, seeds: list[int], workers: int | None, on_step: OnStep
) -> Generator[tuple[dict[str, Any], list[str]]]:
    from plurel_prob.sampling.pool import default_workers, map_in_processes

    n_worker, work = max(1, min(workers or default_workers(len(seeds)), len(seeds))), partial(draw_and_store, order)
    return map_in_processes(partial(work, on_step=on_step) if n_worker == 1 else work, seeds, n_worker)


def draw_and_store(
    order: DrawRequest, seed: int, *, on_step: OnStep = lambda step, n_done, n: None
) -> tuple[dict[str, Any], list[str]]:
    """Draw one database, and put it into a store; return its sizes, and what the store cannot keep."""
    from plurel_prob.priors import Prior, override

    start, prior, target = time.perf_counter(), override(Prior(name=order.name), order.record), order.target(seed)
    if isinstance(target, Path):
        check_no_link(target)
        if order.format not in SUFFIXES:
            check_folder(target, overwrite=order.overwrite)
    if order.schema is None:
        from plurel_prob.sampling import sample
        from plurel_prob.stores import infer_declared, write_store

        drawn = sample(seed, prior)
        tables, declared = drawn.tables, infer_declared(drawn.tables, drawn.schema.tables, drawn.name)
        with noted(target, order.origin(seed)):
            lost = write_store(tables, declared, target, order.format, overwrite=order.overwrite)
    else:
        from plurel_prob.drawing import ignored_lines, sample_declared, save, write_ignored

        database = sample_declared(
            order.schema, seed, prior, rows=order.rows, values=order.values, derived=order.derived, on_step=on_step
        )
        tables, declared, written = database.tables, database.schema, count(1)
        ignored = ignored_lines(declared, tables)
        on_step("writing", 0, len(tables))
        with noted(target, order.origin(seed)):
            if isinstance(target, Path):  # first: a store that is there is complete
                write_ignored(target, declared.source, ignored)
            on_table = lambda name: on_step("writing", next(written), len(tables))  # noqa: E731
            lost = save(database, target, order.format, overwrite=order.overwrite, on_table=on_table)
        lost += ignored
    n_key = sum(len(table.foreign_keys) for table in declared.tables)
    sizes = {"tables": len(tables), "rows": sum(map(len, tables.values())), "foreign_keys": n_key}
    return {"seed": seed, **sizes, "seconds": round(time.perf_counter() - start, 2)}, lost
