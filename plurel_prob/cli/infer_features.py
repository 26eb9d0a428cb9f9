"""``plurel-prob infer features``."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.table import Table

from plurel_prob.cli.numbers import NonNegativeInt, PositiveInt
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
from plurel_prob.errors import DatabaseError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from xarray import DataTree
else:
    DataTree = Any  # imported where it is used: all three are slow to import

N_GRAPH = 5  # most probable graphs that are shown


def features(
    path: str,
    /,
    *,
    table: str,
    columns: Annotated[list[str] | None, Several] = None,
    draws: PositiveInt = 1000,
    seed: NonNegativeInt = 0,
    out: Path | None = None,
    as_json: AsJson = False,
) -> None:
    """Infer the causal graph of a table's columns, and the parameters of their mechanisms given the most probable graph.

    For example:

        plurel-prob infer features out/plurel-10 --table table_0
        plurel-prob infer features shop.sqlite --table customer --columns credit status born

    Args:
        path: a database, drawn or real: folder in RelBench format, SQLite or DuckDB file, folder of CSV or parquet files with
            schema.sql, or URL of a PostgreSQL database (extra `sql`).
        table: name of a table.
        columns: 2 to 8 of its columns; all that can be used, if there are no more than 8.
        draws: number of graphs to draw.
        seed: random seed of the draws.
        out: netCDF file to write the posteriors of graphs and mechanisms into, in ArviZ's layout; one that exists is replaced.
        as_json: print JSON, and nothing else.
    """
    from plurel_prob.inference.features import NoParameters, columns_of, foreign_columns_of, infer_graph, infer_mechanisms

    check_out(out)
    observed = opened(path)
    frame = choose(columns_of(observed, table), columns, table)
    foreign = foreign_columns_of(observed, table)
    progress = PlainConsole(stderr=True)
    with progress.status("summing over causal graphs"):
        graphs = infer_graph(frame, foreign=foreign, n_draw=draws, seed=seed)
    most_probable, share = distinct_graphs(graphs)
    if not as_json:
        print_table(edge_table(graphs, table))
        print_table(graph_table(graphs, most_probable, share))
    mechanisms = None
    with progress.status("drawing parameters"), suppress(NoParameters):
        mechanisms = infer_mechanisms(frame, most_probable[0], foreign=foreign, seed=seed)
    if as_json:
        print_json(content_of(table, graphs, most_probable, share, mechanisms))
    elif mechanisms is not None:
        print_table(parameter_table(mechanisms))
    if out is not None:
        write(table, graphs, mechanisms, out)
        PlainConsole(stderr=as_json).print(f"Written to {out}.", soft_wrap=True)


def content_of(
    table: str, graphs: DataTree, found: "np.ndarray", share: "np.ndarray", mechanisms: DataTree | None
) -> dict[str, Any]:
    """What is printed, for machines."""
    prob = graphs["sample_stats"].dataset["edge_prob"].to_pandas()
    names = graphs["posterior"].dataset["cause"].values
    return {
        "table": table,
        "edge_prob": {cause: {effect: p for effect, p in row.items() if effect != cause} for cause, row in prob.iterrows()},
        "graphs": [{"share": part, "edges": edges_of(edge, names)} for edge, part in zip(found[:N_GRAPH], share, strict=False)],
        "parameters": {} if mechanisms is None else summaries(mechanisms).to_dict("index"),
    }


def edges_of(edge: "np.ndarray", names: "np.ndarray") -> list[list[str]]:
    """Pairs of a cause and its effect."""
    return [[str(names[cause]), str(names[effect])] for cause, effect in zip(*edge.nonzero(), strict=True)]


def summaries(mechanisms: DataTree) -> "pd.DataFrame":
    """Mean, interval and diagnostics of the parameters, other than single coefficients."""
    import pandas as pd
    from arviz_stats import summary

    names = [str(name) for name in mechanisms["posterior"].data_vars if name != "coefficient"]
    kinds = {"ci_prob": 0.9, "ci_kind": "eti", "round_to": "none"}
    return summary(mechanisms, var_names=names, **kinds) if names else pd.DataFrame()


def choose(frame: "pd.DataFrame", columns: list[str] | None, table: str) -> "pd.DataFrame":
    """Return the columns that are asked for, or all.

    Raises:
        DatabaseError: one cannot be used, or there are too many or too few.
    """
    from plurel_prob.inference.features.dags import MAX_NODE

    known = f"{table} has {', '.join(map(str, frame.columns)) or 'none'}"
    unknown = [name for name in columns or [] if name not in frame.columns]
    if unknown:
        raise DatabaseError(f"--columns {unknown[0]}: no column that can be used (numbers, booleans, categories); {known}")
    slashed = [name for name in columns or frame.columns if "/" in str(name)]
    if slashed:
        raise DatabaseError(f"--columns {slashed[0]}: a name with / cannot be that of a variable in a file; leave it out")
    chosen = frame if columns is None else frame[list(dict.fromkeys(columns))]
    if not 2 <= chosen.shape[1] <= MAX_NODE:
        raise DatabaseError(f"--columns: graphs are inferred over 2 to {MAX_NODE} columns, not {chosen.shape[1]}; {known}")
    return chosen


def distinct_graphs(graphs: DataTree) -> "tuple[np.ndarray, np.ndarray]":
    """Return the graphs that were drawn, the most frequent first, and their shares of the draws."""
    import numpy as np

    edge = graphs["posterior"].dataset["edge"].values
    found, count = np.unique(edge.reshape(-1, *edge.shape[2:]), axis=0, return_counts=True)
    order = np.argsort(-count, kind="stable")
    return found[order], count[order] / count.sum()


def edge_table(graphs: DataTree, table: str) -> Table:
    """Return the probability of every edge, causes in rows."""
    prob = graphs["sample_stats"].dataset["edge_prob"].to_pandas()
    title = f"{table}: probability that a column (row) causes another"
    result = new_table("cause", numbers=tuple(map(str, prob.columns)), title=title)
    for cause, row in prob.iterrows():
        cells = ["" if effect == cause else plain(f"{p:.2f}", "bold" if p >= 0.5 else "") for effect, p in row.items()]
        result.add_row(str(cause), *cells)
    return result


def graph_table(graphs: DataTree, found: "np.ndarray", share: "np.ndarray") -> Table:
    """Return the most frequent graphs."""
    names = graphs["posterior"].dataset["cause"].values
    result = new_table("share of draws", "edges", title=f"most probable of {len(found):,} graphs drawn")
    for edge, part in zip(found[:N_GRAPH], share, strict=False):
        edges = [f"{cause} -> {effect}" for cause, effect in edges_of(edge, names)]
        result.add_row(f"{part:.1%}", ", ".join(edges) or "none")
    return result


def parameter_table(mechanisms: DataTree) -> Table:
    """Return mean, interval and diagnostics of the parameters, other than single coefficients."""
    n_diverging = int(mechanisms["sample_stats"]["diverging"].sum())
    title = f"parameters given the most probable graph; {n_diverging} divergences"
    result = new_table("parameter", numbers=("mean", "90% interval", "r-hat", "ess"), title=title)
    for name, row in summaries(mechanisms).iterrows():
        interval = f"{row['eti90_lb']:.3g} to {row['eti90_ub']:.3g}"
        result.add_row(str(name), f"{row['mean']:.3g}", interval, f"{row['r_hat']:.3f}", f"{row['ess_bulk']:.0f}")
    return result


def write(table: str, graphs: DataTree, mechanisms: DataTree | None, out: Path) -> None:
    """Write both posteriors of a table into one netCDF file."""
    tree = graphs.copy()
    if mechanisms is not None:
        tree["mechanisms"] = mechanisms
    tree.attrs["table"] = table
    write_whole(out, tree.to_netcdf)
