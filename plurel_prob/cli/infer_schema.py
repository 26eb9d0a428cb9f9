"""``plurel-prob infer schema``."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from plurel_prob.cli.numbers import NonNegativeInt, PositiveInt
from plurel_prob.cli.opened import opened
from plurel_prob.cli.output import AsJson, PlainConsole, check_out, new_table, plain, print_json, print_table, write_whole

if TYPE_CHECKING:
    import numpy as np
    import xarray


def schema(
    path: str,
    /,
    *,
    prior: str = "plurel",
    draws: PositiveInt = 1000,
    seed: NonNegativeInt = 0,
    out: Path | None = None,
    as_json: AsJson = False,
) -> None:
    """Infer which family of random graphs drew a schema, with its parameters and the order of tables.

    The posterior is exact for up to 7 tables, and beyond where few orders are possible. Otherwise orders are sampled, as the
    parameters of RandomCauchy always are: check the effective sample size (ESS).

    For example:

        plurel-prob infer schema out/plurel-10
        plurel-prob infer schema shop.sqlite --prior realistic --json

    Args:
        path: a database, drawn or real: folder in RelBench format, SQLite or DuckDB file, folder of CSV or parquet files with
            schema.sql, or URL of a PostgreSQL database (extra `sql`).
        prior: name of a prior (plurel, compact, realistic, plurel-untruncated), or a TOML file.
        draws: number of draws from the posterior.
        seed: seed of the draws.
        out: netCDF file for the draws, in ArviZ's layout; one that exists is replaced.
        as_json: print JSON, and nothing else.
    """
    from plurel_prob.priors import get_prior

    law = get_prior(prior)
    observed = opened(path)
    check_out(out)

    from plurel_prob.inference.schema import infer_schema, table_graph

    with PlainConsole(stderr=True).status("adding up orders, family by family"):
        tree = infer_schema(table_graph(observed), law, n_draw=draws, seed=seed)
    if as_json:
        print_json(content_of(observed.name, tree))
    else:
        report(observed.name, law.name, tree)
    if out is not None:
        write_whole(out, tree.to_netcdf)
        PlainConsole(stderr=as_json).print(f"Draws written to {out}.", soft_wrap=True)


def report(name: str, prior: str, tree: "xarray.DataTree") -> None:
    """Print families and places."""
    console = PlainConsole()
    edges, tables = int(tree["observed_data"]["n_edge"]), tree.posterior.sizes["table"]
    console.print(plain(name, "bold") + plain(f": {tables} tables, {edges} references; prior {prior}"))
    console.print(f"log probability of the graph: {float(tree['sample_stats']['log_evidence_total']):.2f} nats")
    print_table(families_table(tree))
    print_table(places_table(tree))


def content_of(name: str, tree: "xarray.DataTree") -> dict[str, Any]:
    """What is printed, for machines."""
    stats = tree["sample_stats"].to_dataset()
    figures = ("posterior_prob", "log_evidence", "log_evidence_ess", "is_exact")
    families = {str(f): {figure: stats[figure].values[i] for figure in figures} for i, f in enumerate(stats["family"].values)}
    places = tree.posterior["place"].mean(["chain", "draw"])
    return {
        "name": name,
        "log_evidence": float(stats["log_evidence_total"]),
        "families": families,
        "mean_place": dict(zip(map(str, places["table"].values), places.values.tolist(), strict=True)),
    }


def families_table(tree: "xarray.DataTree") -> Table:
    """Return a row for each family: how probable it is, and its parameters' posterior mean and 90% interval."""
    result = new_table("family", "orders", "parameters: mean (90% interval)", numbers=("probability", "log evidence"))
    stats, drawn = tree["sample_stats"].to_dataset(), tree.posterior["family"].values.reshape(-1)
    for index, family in enumerate(stats["family"].values):
        log_evidence, ess = float(stats["log_evidence"][index]), float(stats["log_evidence_ess"][index])
        is_exact = bool(stats["is_exact"][index])
        result.add_row(
            str(family),
            "exact" if is_exact else f"sampled, ESS {ess:,.0f}",
            parameters(tree, drawn == index),
            f"{float(stats['posterior_prob'][index]):.4f}",
            f"{log_evidence:.2f}" if math.isfinite(log_evidence) else "impossible" if is_exact else "none found",
        )
    return result


def parameters(tree: "xarray.DataTree", is_drawn: "np.ndarray") -> str:
    """Posterior means and 90% intervals of a family's parameters, over the draws at which it was drawn."""
    import numpy as np

    parts = []
    for name in ("edge_prob", "n_neighbor", "rewire_prob", "depth", "log_odds"):
        values = tree.posterior[name].values.reshape(-1)[is_drawn]
        if len(values) and not np.isnan(values).any():
            low, high = np.quantile(values, [0.05, 0.95])
            parts.append(f"{name} {values.mean():.3g} ({low:.3g} to {high:.3g})")
    return "\n".join(parts)


def places_table(tree: "xarray.DataTree") -> Table:
    """Return a row for each table: where in the topological order it stands."""
    result = new_table("table", numbers=("place in the order (from 0): mean", "90% interval"))
    import numpy as np

    places = tree.posterior["place"].values.reshape(-1, tree.posterior.sizes["table"])
    for name, values in zip(tree.posterior["table"].values, places.T, strict=True):
        low, high = np.quantile(values, [0.05, 0.95])
        result.add_row(str(name), f"{values.mean():.1f}", f"{low:.0f} to {high:.0f}")
    return result
