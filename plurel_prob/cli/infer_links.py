"""``plurel-prob infer links``."""

from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts.types import NonNegativeInt, PositiveInt
from rich.table import Table

from plurel_prob.cli.output import PlainConsole, check_out, plain, write_whole
from plurel_prob.cli.progress import progress_bar
from plurel_prob.databases import observe
from plurel_prob.errors import DatabaseError
from plurel_prob.programs.files import use_compilation_cache

if TYPE_CHECKING:
    import pandas as pd

    from plurel_prob.inference.links import LinkInference


def links(
    path: Path,
    /,
    *,
    key: str,
    prior: str = "plurel",
    draws: PositiveInt = 500,
    seed: NonNegativeInt = 0,
    out: Path | None = None,
) -> None:
    """Tell which model explains a foreign key: uniform, popularity, blocks, or blocks with popularity.

    Args:
        path: folder of a database in RelBench format, drawn or real.
        key: table and foreign key column, such as table_2.foreign_row_0.
        prior: name of a prior (plurel, compact, realistic, plurel-untruncated), or a TOML file: its structures and affinities.
        draws: from the posterior of every model.
        seed: of all draws.
        out: netCDF file for the posteriors, a group for each model; one that exists is replaced.
    """
    table, dot, column = key.partition(".")
    if not (table and dot and column):
        raise DatabaseError(f"--key {key}: needs a table and its foreign key column, such as table_2.foreign_row_0")
    check_out(out)
    from plurel_prob.priors import get_prior

    model = get_prior(prior)
    database = observe(path)
    parent_row = database.parent_row(table, column)
    parent = database.schema.tables[table].fkeys[column]

    from plurel_prob.inference.links import MODELS, infer_links

    use_compilation_cache()
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
    console = PlainConsole()
    console.print(plain(database.name, "bold") + plain(f": {key} -> {parent}, {len(parent_row):,} children"))
    console.print(comparison_table(result.compare()))
    console.print(checks_table(result.predictive_checks()))
    if out is not None:
        write(key, result, out)
        console.print(f"Written to {out}.", soft_wrap=True)


def comparison_table(frame: "pd.DataFrame") -> Table:
    """Return a row for each model, the best first."""
    result = Table(title="Leave-one-out comparison")
    for heading in ("model", "elpd", "se", "behind", "se", "weight", "log evidence", "bad k"):
        result.add_column(heading, no_wrap=True)
    for model, row in frame.iterrows():
        numbers = [f"{row[name]:,.1f}" for name in ("elpd", "se", "elpd_diff", "dse")]
        result.add_row(str(model), *numbers, f"{row['weight']:.2f}", f"{row['log_evidence']:,.1f}", f"{row['bad_k']:.1%}")
    return result


def checks_table(frame: "pd.DataFrame") -> Table:
    """Return a row for each statistic of children a parent: observed, and 5 % to 95 % of new keys of each model."""
    models = list(dict.fromkeys(frame["model"]))
    result = Table("statistic", "observed", *models, title="Predictive checks (* p < 0.05)")
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
