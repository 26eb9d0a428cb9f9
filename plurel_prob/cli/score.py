"""``plurel-prob score``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from plurel_prob.cli.opened import opened
from plurel_prob.cli.output import (
    AsJson,
    PlainConsole,
    Several,
    check_out,
    new_table,
    plain,
    print_json,
    print_table,
    write_whole,
)
from plurel_prob.errors import DatabaseError, reason

if TYPE_CHECKING:
    from xarray import DataTree

    from plurel_prob.scoring import Score


def score(
    path: str,
    /,
    *,
    units: Literal["nodes", "columns"] = "nodes",
    prior: str | None = None,
    given: Annotated[list[Path] | None, Several] = None,
    out: Path | None = None,
    as_json: AsJson = False,
) -> None:
    """Print the log density of a database: in total, by stage, by table and by site.

    A drawn database is scored from its latents, under the prior that drew it. For any other database, or with --prior or --given,
    the score is of the graph over tables, their numbers of rows, foreign keys (with a block structure that is given, or as if
    all parents were equally likely), and columns whose mechanisms are given. What cannot be scored, such as a key that refers
    to no row, is left out and named.

    For example:

        plurel-prob score out/plurel-10
        plurel-prob score out/plurel-10 --prior compact --out parts.csv

    Args:
        path: a database: folder in RelBench format, such as out/plurel-10; SQLite or DuckDB file; folder of CSV or parquet files
            with schema.sql; or URL of a PostgreSQL database (extra `sql`).
        units: units of the densities of numbers in a drawn database: nodes (before the transforms of columns), or columns.
        prior: name of a prior (plurel, compact, realistic, plurel-untruncated), or a TOML file, to score the tables under.
        given: netCDF files that `plurel-prob infer links` and `infer features` wrote: block structures and mechanisms.
        out: CSV file for all parts, in nats; one that exists is replaced.
        as_json: print JSON, and nothing else.
    """
    from plurel_prob.databases import load, observe
    from plurel_prob.databases.disk import MANIFEST, PROVENANCE
    from plurel_prob.priors import get_prior

    check_out(out)
    law = get_prior(prior or "plurel")

    from plurel_prob.scoring import log_density
    from plurel_prob.scoring.observed import observed_log_density
    from plurel_prob.scoring.score import LEVELS

    is_drawn = prior is None and not given and (Path(path) / PROVENANCE).exists()
    if units != "nodes" and not is_drawn:
        raise DatabaseError(f"--units {units}: only a drawn database that is scored from its latents has nodes; leave it out")
    with PlainConsole(stderr=True).status("scoring"):
        if is_drawn:
            result = log_density(load(path), units=units)
        else:
            is_folder = (Path(path) / MANIFEST).exists()
            database = observe(path, needs_keys=False) if is_folder else opened(path)
            result = observed_log_density(database, law, [read_posterior(file) for file in given or []])
    if as_json:
        levels = {level: result.by(level).rename({"": "(once)"}).to_dict() for level in LEVELS}
        print_json({"total": result.total} | levels | {"impossible": result.impossible(), "notes": list(result.notes)})
    else:
        report(Path(path.partition("?")[0]).name, result)
    if out is not None:
        write_whole(out, lambda partial: result.parts.to_csv(partial, index=False))
        PlainConsole(stderr=as_json).print(f"Written to {out}.", soft_wrap=True)


def read_posterior(path: Path) -> "DataTree":
    """Read a netCDF file of inference.

    Raises:
        DatabaseError: there is none, or it is none.
    """
    import xarray as xr

    try:
        with xr.open_datatree(path, engine="netcdf4") as tree:
            return tree.load()
    except Exception as error:  # a damaged file can make its reader raise anything
        raise DatabaseError(f"--given {path}: cannot be read: {reason(error)}") from None


def report(name: str, result: "Score") -> None:
    """Print a score by all levels."""
    from plurel_prob.scoring.score import LEVELS

    console = PlainConsole()
    console.print(plain(name, "bold") + plain(f": log density {result.total:,.2f} nats"))
    for level in LEVELS:
        table = new_table(level, numbers=("nats",))
        for part, value in result.by(level).items():
            table.add_row(str(part) or "(once)", f"{value:,.2f}")
        print_table(table)
    if result.impossible():
        console.print(f"Minus infinity: the prior cannot draw {'; '.join(result.impossible())}.", soft_wrap=True)
    for note in result.notes:
        console.print(note, soft_wrap=True)
