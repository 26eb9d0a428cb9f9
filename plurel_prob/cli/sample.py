"""``plurel-prob sample``."""

import json
import re
import time
from collections.abc import Callable, Generator
from contextlib import closing
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter

from plurel_prob.cli.numbers import NonNegativeInt, PositiveInt
from plurel_prob.cli.output import SWITCH, AsJson, PlainConsole, Several, print_json, print_table
from plurel_prob.cli.progress import PartsProgress, progress_bar
from plurel_prob.cli.rows import rows_asked
from plurel_prob.cli.stores import order_of, refuse_options, sample_into_stores
from plurel_prob.cli.summary import summary_of, summary_table
from plurel_prob.errors import DatabaseError, bounded_int, shown

if TYPE_CHECKING:
    from plurel_prob.corpora import Corpus
    from plurel_prob.priors import Prior
else:
    Corpus = Prior = Any  # they import xarray and JAX


MAX_SHARD = 2**31  # jobs: as many as seeds
GROUPS = ("What is drawn", "Your own schema", "Output", "How it runs")
DRAWN, DECLARED, WRITTEN, RUN = (Parameter(group=Group(title, sort_key=place)) for place, title in enumerate(GROUPS))


def sample(
    *,
    out: Annotated[str, WRITTEN],
    seed: Annotated[NonNegativeInt, DRAWN] = 0,
    count: Annotated[PositiveInt, DRAWN] = 1,
    prior: Annotated[str | None, DRAWN] = None,
    rows_scale: Annotated[PositiveInt, DRAWN] = 1,
    schema: Annotated[str | None, DECLARED] = None,
    dialect: Annotated[Literal["sqlite", "postgresql", "mysql", "duckdb", "sqlserver"] | None, DECLARED] = None,
    rows: Annotated[list[str] | None, DECLARED, Several] = None,
    values: Annotated[Literal["meanings", "syllables"] | None, DECLARED] = None,
    derived: Annotated[bool | None, DECLARED] = None,
    strict: Annotated[bool, DECLARED, SWITCH] = False,
    ignore_unsupported: Annotated[bool, DECLARED, SWITCH] = False,
    format: Annotated[
        Literal["relbench", "duckdb", "sqlite", "postgresql", "csv", "parquet", "huggingface"], WRITTEN
    ] = "relbench",
    tasks: Annotated[bool, WRITTEN, SWITCH] = False,
    latents: Annotated[Literal["all", "none"], WRITTEN] = "all",
    overwrite: Annotated[bool, WRITTEN, SWITCH] = False,
    workers: Annotated[PositiveInt | None, RUN] = None,
    shard: Annotated[str | None, RUN] = None,
    engine: Annotated[Literal["local", "ray"], RUN] = "local",
    address: Annotated[str | None, RUN] = None,
    as_json: Annotated[AsJson, RUN] = False,
) -> None:
    """Draw databases, and write each to a folder or store of its own.

    A seed gives the same database, whatever else is drawn in the run. Databases of the same prior that exist and are complete
    are kept, so that an interrupted run goes on.

    For example:

        plurel-prob sample --seed 10 --count 2 --out out
        plurel-prob sample --prior realistic --count 100 --out out/real --tasks
        plurel-prob sample --schema shop.sql --rows customer=2000 --format sqlite --out out

    Args:
        out: folder to write into; it is made if it is missing. Or a URL of object storage (s3://bucket/prefix, gs://, az://;
            extra `cloud`), with endpoint and credentials in the usual variables of the environment, on every node:
            AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL; GOOGLE_APPLICATION_CREDENTIALS;
            AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY. With --format postgresql the URL of the database. With
            --engine ray a folder that all nodes share.
        seed: seed of the first database; the next ones follow.
        count: number of databases.
        prior: plurel, compact, realistic, plurel-untruncated, or a TOML file. By default plurel; with --schema realistic.
        schema: draw data for this schema. A file of SQL (nothing in it is executed), the URL of a database (postgresql://,
            mysql://, sqlite:///, duckdb:///; extra `sql`), a SQLite or DuckDB file, or a folder in RelBench format. All
            constraints hold; if some are not supported, nothing is drawn, and one error lists them.
        dialect: of a file of SQL; by default it is guessed.
        strict: refuse a schema if something in it cannot be read, such as a trigger. By default it is named, and the rest is
            drawn.
        ignore_unsupported: leave out constraints that are not supported. A file STORE.ignored.txt beside each store names them,
            and says how many rows break each.
        rows: row counts: TABLE=N, once or more, or `source` for those of the database that the schema is read from. By
            default they follow from kinds of tables and from one another.
        values: how values are made. `meanings` (the default) guesses from names and types what columns mean, such as e-mail, city
            or price, and puts dates in order. `syllables` makes texts without meaning, and takes row counts from the prior.
        derived: let columns follow from others where names say so: prices of lines from products, totals from lines, counts
            from rows. --no-derived draws them like others.
        rows_scale: multiply the rows of all tables by this; not with realistic, nor with --schema. Long tables are drawn and
            written part by part.
        format: what is written: folders in RelBench format, of CSV or parquet files with `schema.sql`, or for Hugging Face's
            `datasets`; SQLite or DuckDB files; tables of a PostgreSQL database. A file STORE.plurel_prob.json beside a store
            says what it was drawn with.
        workers: processes to draw and write in. By default one for 16 databases, and no more than there are cores; with
            --engine ray as many as the cluster has cores.
        shard: i/n, with i from 0 to n-1: draw every n-th database, from the i-th on. For n jobs that share a folder.
        tasks: write prediction tasks with each database, as `plurel-prob tasks` does; not with --schema, nor with another
            --format.
        latents: all (the default) or none: then folders are smaller, and `score`, `do` and causal graphs need the database to be
            drawn again.
        overwrite: replace databases that exist. A folder with files that this program did not write is refused.
        engine: local: processes of this machine. ray: tasks of a Ray cluster (extra `ray`), where what a lost worker or node has
            not completed is drawn again.
        address: host:port of the Ray cluster, or auto for the one on this machine. Without it one is started here, and ended.
        as_json: print what was drawn, and what was there already, as JSON and nothing else.
    """
    from plurel_prob.corpora import open_corpus
    from plurel_prob.priors import get_prior, scale_rows
    from plurel_prob.sampling import MAX_SEED

    if seed + count - 1 > MAX_SEED:
        raise DatabaseError(f"--seed and --count: the last seed, {seed + count - 1}, is above {MAX_SEED}")
    if address is not None and engine != "ray":
        raise DatabaseError(f"--address {address}: is for --engine ray")
    seeds = shard_of(range(seed, seed + count), shard)
    if dialect is not None and schema is None:
        raise DatabaseError(f"--dialect {dialect}: is for a file of SQL; give it with --schema")
    if strict and schema is None:
        raise DatabaseError("--strict: is for a declared schema; give it with --schema")
    if (values is not None or derived is not None) and schema is None:
        option = f"--values {values}" if values else "--derived" if derived else "--no-derived"
        raise DatabaseError(f"{option}: is for a declared schema; give it with --schema")
    is_for_stores = schema is not None or format != "relbench" or ignore_unsupported
    if is_for_stores:
        if schema is not None and rows_scale > 1:
            raise DatabaseError("--rows-scale: is for drawn schemas; set numbers of rows with --rows TABLE=N")
        refuse_options(engine=engine == "ray", tasks=tasks, latents=latents == "none")
    scaled = scale_rows(get_prior(prior or ("plurel" if schema is None else "realistic")), rows_scale)
    if is_for_stores:
        with PlainConsole(stderr=True).status("reading the schema"):
            order = order_of(
                out,
                format,
                schema,
                dialect,
                rows or [],
                scaled,
                overwrite,
                strict=strict,
                ignore_unsupported=ignore_unsupported,
                values=values or "meanings",
                derived=derived is not False,
            )
        sample_into_stores(order, seeds, workers, as_json=as_json)
        return
    rows_asked(rows or [], None, None)
    corpus, drawn = open_corpus(out), list[dict[str, Any]]()
    with corpus.writing(is_shared=shard is not None):
        left = list(seeds) if overwrite else corpus.left_to_draw(seeds, scaled)
        with progress_bar() as progress:
            task = progress.add_task("drawing", total=len(seeds), completed=len(seeds) - len(left))
            work = partial(draw_and_put, corpus, scaled.name, scaled.record(), overwrite, tasks, latents == "all")
            with closing(summaries_of(work, left, workers, engine, address, PartsProgress(progress))) as found:
                for summary in found:
                    drawn.append(summary)
                    progress.advance(task)
    if as_json:
        print_json({"out": out, "drawn": drawn, "there_already": sorted({*seeds}.difference(left))})
        return
    console = PlainConsole()
    if drawn:
        print_table(summary_table(drawn))
    if len(left) < len(seeds):
        console.print(f"{len(seeds) - len(left):,} of {len(seeds):,} databases were there already, complete.")
    if seeds:
        console.print(corpus.next_step(seeds[0]), soft_wrap=True)


def summaries_of(
    work: Callable[..., dict[str, Any]],
    seeds: list[int],
    workers: int | None,
    engine: str,
    address: str | None,
    on_part: Callable[[str, int, int], None],
) -> Generator[dict[str, Any]]:
    """Draw databases by an engine; return their summaries, in order."""
    if not seeds:
        return
    if engine == "ray":
        from plurel_prob.sampling.cluster import map_on_ray

        yield from map_on_ray(work, seeds, workers, address)
        return
    from plurel_prob.sampling.pool import default_workers, map_in_processes

    n_worker = min(workers or default_workers(len(seeds)), len(seeds))
    yield from map_in_processes(partial(work, on_part=on_part) if n_worker == 1 else work, seeds, n_worker)


def shard_of(seeds: range, shard: str | None) -> range:
    """Seeds of one of several jobs.

    Raises:
        DatabaseError: the shard is not of the form i/n, with i from 0 to n-1.
    """
    if shard is None:
        return seeds
    match = re.fullmatch(r"(\d+)/(\d+)", shard)
    i, n = (bounded_int(digits, MAX_SHARD) for digits in match.groups()) if match else (None, None)
    if i is None or n is None or i >= n:
        raise DatabaseError(f"--shard {shown(shard)}: needs i/n, with i from 0 to n-1, such as 0/8")
    return seeds[i::n]


def draw_and_put(
    corpus: Corpus,
    name: str,
    record: dict[str, Any],
    overwrite: bool,
    tasks: bool,
    latents: bool,
    seed: int,
    *,
    on_part: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """Draw one database from the prior of a record and put it into a corpus, unless it is there; return its summary."""
    from plurel_prob.databases import load
    from plurel_prob.sampling import sample_to

    start, prior = time.perf_counter(), _prior_of(name, json.dumps(record))
    if overwrite or corpus.left_to_draw([seed], prior):
        with corpus.placing(seed, overwrite=overwrite) as path:
            schema = sample_to(path, seed, prior, overwrite=overwrite, tasks=tasks, latents=latents, on_part=on_part)
    else:  # a worker was lost after it had put it there
        with corpus.reading(f"plurel-{seed}") as path:
            schema = load(path).schema
    return summary_of(seed, schema, time.perf_counter() - start)


@lru_cache(maxsize=4)
def _prior_of(name: str, record: str) -> Prior:
    """The prior of a record, as JSON; made once for all databases that a process draws."""
    from plurel_prob.priors import Prior, override

    return override(Prior(name=name), json.loads(record))
