"""``plurel-prob infer links``."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from plurel_prob.cli.numbers import NonNegativeInt, PositiveInt
from plurel_prob.cli.opened import opened
from plurel_prob.cli.output import AsJson, PlainConsole, check_out, new_table, plain, print_json, print_table, write_whole
from plurel_prob.cli.progress import progress_bar
from plurel_prob.errors import DatabaseError

MIN_DRAW = 50
WORDS = (
    "elpd: log density of children that the model has not seen, added up; the higher the better. behind: how far from the best, "
    "and its standard error. weight: in an average of the models. bad k: share of children for which elpd is unreliable."
)

if TYPE_CHECKING:
    import pandas as pd

    from plurel_prob.inference.links import LinkInference


def links(
    path: str,
    /,
    *,
    key: str,
    prior: str = "plurel",
    draws: PositiveInt = 500,
    seed: NonNegativeInt = 0,
    out: Path | None = None,
    as_json: AsJson = False,
) -> None:
    """Tell which model explains a foreign key: uniform, popularity, blocks, or blocks with popularity.

    For example:

        plurel-prob infer links out/plurel-10 --key table_2.foreign_row_0
        plurel-prob infer links shop.sqlite --key purchase.customer --json

    Args:
        path: a database, drawn or real: folder in RelBench format, SQLite or DuckDB file, folder of CSV or parquet files with
            schema.sql, or URL of a PostgreSQL database (extra `sql`); of a store, give the column's name there, such as
            purchase.customer.
        key: table and foreign key column, such as table_2.foreign_row_0.
        prior: name of a prior (plurel, compact, realistic, plurel-untruncated), or a TOML file: its structures and affinities.
        draws: number of draws from the posterior of each model.
        seed: random seed of the draws.
        out: netCDF file for the posteriors, a group for each model; one that exists is replaced.
        as_json: print JSON, and nothing else.
    """
    table, dot, column = key.partition(".")
    if not (table and dot and column):
        raise DatabaseError(f"--key {key}: needs a table and its foreign key column, such as table_2.foreign_row_0")
    check_out(out)
    if draws < MIN_DRAW:
        raise DatabaseError(f"--draws {draws}: leave-one-out needs {MIN_DRAW} at least")
    from plurel_prob.priors import get_prior

    model = get_prior(prior)
    database = opened(path)
    parent_row = database.parent_row(table, column)
    parent = database.schema.tables[table].fkeys[column]

    from plurel_prob.inference.links import MODELS, infer_links

    with progress_bar() as progress:
        task = progress.add_task("fitting", total=len(MODELS))
        result = infer_links(
            parent_row,
            len(database.tables[parent]),
            model,
            n_draw=draws,
            seed=seed,
            progress=lambda step, n_done, _: progress.update(task, description=step, completed=n_done),
        )
    if as_json:
        compared, checks = result.compare(), result.predictive_checks()
        rows = compared.rename_axis("model").reset_index().to_dict("records")
        print_json({"key": key, "parent": parent, "models": rows, "checks": checks.to_dict("records")})
    else:
        PlainConsole().print(plain(database.name, "bold") + plain(f": {key} -> {parent}, {len(parent_row):,} children"))
        print_table(comparison_table(result.compare()))
        PlainConsole().print(WORDS, soft_wrap=True)
        print_table(checks_table(result.predictive_checks()))
    if out is not None:
        write(key, result, out)
        PlainConsole(stderr=as_json).print(f"Written to {out}.", soft_wrap=True)


def comparison_table(frame: "pd.DataFrame") -> Table:
    """Return a row for each model, the best first."""
    headings = ("elpd", "se", "behind", "se of that", "weight", "log evidence", "bad k")
    result = new_table("model", numbers=headings, title="Leave-one-out comparison, in nats; the best model first")
    for model, row in frame.iterrows():
        numbers = [f"{row[name]:,.1f}" for name in ("elpd", "se", "elpd_diff", "dse")]
        result.add_row(str(model), *numbers, f"{row['weight']:.2f}", f"{row['log_evidence']:,.1f}", f"{row['bad_k']:.1%}")
    return result


def checks_table(frame: "pd.DataFrame") -> Table:
    """Return a row for each statistic of children a parent: observed, and 5 % to 95 % of new keys of each model."""
    models = list(dict.fromkeys(frame["model"]))
    title = "Predictive checks, of children a parent: 5% to 95% of keys drawn from each model (*: p < 0.05)"
    result = new_table("statistic", numbers=("observed", *models), title=title)
    for statistic, rows in frame.groupby("statistic", sort=False):
        cells = [f"{row.q05:.3g} to {row.q95:.3g}{' *' if row.p_value < 0.05 else ''}" for row in rows.itertuples()]
        result.add_row(str(statistic), f"{rows['observed'].iloc[0]:.3g}", *cells)
    return result


def write(key: str, result: "LinkInference", out: Path) -> None:
    """Write the posteriors of a key's models to one netCDF file."""
    from xarray import DataTree

    tree = DataTree.from_dict(result.models)
    tree.attrs["key"] = key
    write_whole(out, tree.to_netcdf)
