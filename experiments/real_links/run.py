"""Fit the models of links to every foreign key of real databases: see README.md."""

import argparse
import json
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.lines import read_lines
from plurel_prob.databases import Database, observe
from plurel_prob.inference.links import LinkInference, infer_links
from plurel_prob.programs.files import use_compilation_cache

HERE = Path(__file__).parent
PACKAGES = ("plurel-prob", "jax", "numpyro", "numpy", "arviz-stats")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("databases", type=Path, nargs="+", help="folders in RelBench format")
    parser.add_argument("--prior", default="plurel", help="name or TOML file of the prior of structures and affinities")
    parser.add_argument("--draws", type=int, default=500, help="from the posterior of every model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    return parser.parse_args()


def main() -> None:
    """Go through the keys that are not in the results yet."""
    options = arguments()
    use_compilation_cache()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "keys.jsonl"
    done = {(row["database"], row["key"]) for row in read_lines(path)}
    for database in map(observe, options.databases):
        for child, column, parent in database.schema.foreign_keys:
            if (database.name, f"{child}.{column}") in done:
                continue
            row = study(database, child, column, parent, options)
            with path.open("a") as file:
                file.write(json.dumps(row, separators=(",", ":")) + "\n")
            print(f"{row['database']} {row['key']}: {row['best']}, {row['seconds']:.0f} s", flush=True)
            write_comparison(path, options.out)


def study(database: Database, child: str, column: str, parent: str, options: argparse.Namespace) -> dict:
    """Fit, compare and check the models of one key."""
    parent_row, n_parent = database.parent_row(child, column), len(database.tables[parent])
    start = time.perf_counter()
    result = infer_links(parent_row, n_parent, options.prior, n_draw=options.draws, seed=options.seed)
    table, checks = result.compare(), result.predictive_checks()
    return {
        "database": database.name,
        "key": f"{child}.{column}",
        "parent": parent,
        "n_child": len(parent_row),
        "n_missing": int((parent_row < 0).sum()),
        "n_parent": n_parent,
        "prior": options.prior,
        "draws": options.draws,
        "seed": options.seed,
        "seconds": round(time.perf_counter() - start, 1),
        "versions": {name: version(name) for name in PACKAGES},
        "best": str(table.index[0]),
        "models": {name: summary(name, result, table, checks) for name in result.models},
        "observed": rounded(checks[checks.model == checks.model.iloc[0]].set_index("statistic").observed),
        "degree_quantile": quantiles(result),
    }


def summary(name: str, result: LinkInference, table: pd.DataFrame, checks: pd.DataFrame) -> dict:
    """Numbers about one model."""
    tree, row = result.models[name], table.loc[name]
    own = checks[checks.model == name].set_index("statistic")
    columns = ("elpd", "se", "elpd_diff", "dse", "weight", "log_evidence", "bad_k")
    numbers = {column: float(f"{row[column]:.7g}") for column in columns}
    numbers |= {
        "n_sample": int(tree["log_likelihood"].sizes["child"]),
        "ess": float(f"{tree['sample_stats']['ess'].item():.3g}"),
        "n_divergent": int(tree["sample_stats"]["diverging"].sum()),
    }
    posterior = tree["posterior"]
    if "alpha" in posterior:
        numbers["alpha"] = [float(f"{x:.4g}") for x in np.quantile(posterior["alpha"], (0.05, 0.5, 0.95))]
    if "n_level" in posterior:
        is_active = (posterior["n_parent_cluster"] > 1) & (posterior["n_child_cluster"] > 1)
        numbers["n_active_level"] = float(is_active.sum("level").mean())  # levels that tell parents apart
    own_median = own["median"].drop(["q50", "q90", "q99"])
    return numbers | {"predicted": rounded(own_median), "p_value": rounded(own.p_value)}


def rounded(values: pd.Series) -> dict[str, float]:
    """Numbers by name, with four digits."""
    return {str(name): float(f"{value:.4g}") for name, value in values.items()}


def quantiles(result: LinkInference) -> dict:
    """Quantiles of children a parent: observed, and 5 % and 95 % of what the models with blocks predict."""
    first = result.models["blocks"]
    found = {"observed": first["observed_data"]["degree_quantile"].values.astype(int).tolist()}
    for name in ("blocks", "blocks+popularity"):
        drawn = result.models[name]["posterior_predictive"]["degree_quantile"].values[0]
        found[name] = np.quantile(drawn, (0.05, 0.95), axis=0).round().astype(int).tolist()
    return found | {"probability": [round(x, 3) for x in first["observed_data"]["probability"].values.tolist()]}


def write_comparison(path: Path, out: Path) -> None:
    """Write the comparisons of all keys as a table."""
    rows = []
    for row in read_lines(path):
        place = {"database": row["database"], "key": row["key"]}
        for model, numbers in row["models"].items():
            rows.append(place | {"model": model} | {k: v for k, v in numbers.items() if isinstance(v, (int, float))})
    pd.DataFrame(rows).to_csv(out / "comparison.csv", index=False, float_format="%.7g")


if __name__ == "__main__":
    main()
