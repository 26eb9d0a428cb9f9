"""``plurel-prob infer schema``."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from cyclopts.types import NonNegativeInt, PositiveInt
from rich.table import Table

from plurel_prob.cli.output import PlainConsole, check_out, plain, write_whole
from plurel_prob.databases import observe

if TYPE_CHECKING:
    import xarray


def schema(
    path: Path, /, *, prior: str = "plurel", draws: PositiveInt = 1000, seed: NonNegativeInt = 0, out: Path | None = None
) -> None:
    """Infer which graph families, parameters and orders explain which table refers to which.

    Exact for up to 7 tables, and beyond where few orders are possible; otherwise orders are sampled, as the parameters of
    RandomCauchy always are: see the effective sample size (ESS).

    Args:
        path: folder of a database in RelBench format.
        prior: name of a prior (plurel, compact, realistic, plurel-untruncated), or a TOML file.
        draws: number of draws from the posterior.
        seed: seed of the draws.
        out: netCDF file for the draws, in ArviZ's layout; one that exists is replaced.
    """
    from plurel_prob.priors import get_prior

    law = get_prior(prior)
    observed = observe(path)
    check_out(out)

    from plurel_prob.inference.schema import infer_schema, table_graph
    from plurel_prob.programs.files import use_compilation_cache

    use_compilation_cache()
    with PlainConsole(stderr=True).status("adding up orders, family by family"):
        tree = infer_schema(table_graph(observed), law, n_draw=draws, seed=seed)
    console = PlainConsole()
    edges, tables = int(tree["observed_data"]["n_edge"]), tree.posterior.sizes["table"]
    console.print(plain(observed.name, "bold") + plain(f": {tables} tables, {edges} references; prior {law.name}"))
    console.print(f"log probability of the graph: {float(tree['sample_stats']['log_evidence_total']):.2f} nats")
    console.print()
    console.print(families_table(tree))
    console.print()
    console.print(places_table(tree))
    if out is not None:
        write_whole(out, tree.to_netcdf)
        console.print(f"Draws written to {out}.", soft_wrap=True)


def families_table(tree: "xarray.DataTree") -> Table:
    """Return a row for each family: how probable it is, and its parameters' posterior mean and 90 % interval."""
    result = Table("family", "probability", "log evidence", "orders", "parameters: mean (90 % interval)")
    stats, drawn = tree["sample_stats"].to_dataset(), tree.posterior["family"].values.reshape(-1)
    for index, family in enumerate(stats["family"].values):
        log_evidence, ess = float(stats["log_evidence"][index]), float(stats["log_evidence_ess"][index])
        is_exact = bool(stats["is_exact"][index])
        result.add_row(
            str(family),
            f"{float(stats['posterior_prob'][index]):.4f}",
            f"{log_evidence:.2f}" if np.isfinite(log_evidence) else "impossible" if is_exact else "none found",
            "exact" if is_exact else f"sampled, ESS {ess:,.0f}",
            parameters(tree, drawn == index),
        )
    result.columns[0].no_wrap = True
    return result


def parameters(tree: "xarray.DataTree", is_drawn: np.ndarray) -> str:
    """Posterior means and 90 % intervals of a family's parameters, over the draws at which it was drawn."""
    parts = []
    for name in ("edge_prob", "n_neighbor", "rewire_prob", "depth", "log_odds"):
        values = tree.posterior[name].values.reshape(-1)[is_drawn]
        if len(values) and not np.isnan(values).any():
            low, high = np.quantile(values, [0.05, 0.95])
            parts.append(f"{name} {values.mean():.3g} ({low:.3g} to {high:.3g})")
    return "\n".join(parts)


def places_table(tree: "xarray.DataTree") -> Table:
    """Return a row for each table: where in the topological order it stands."""
    result = Table("table", "place in the order: mean", "90 % interval")
    places = tree.posterior["place"].values.reshape(-1, tree.posterior.sizes["table"]) + 1
    for name, values in zip(tree.posterior["table"].values, places.T, strict=True):
        low, high = np.quantile(values, [0.05, 0.95])
        result.add_row(str(name), f"{values.mean():.1f}", f"{low:.0f} to {high:.0f}")
    return result
