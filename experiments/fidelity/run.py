"""Compare databases of a prior with reference statistics: see README.md."""

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

HERE = Path(__file__).parent
MAX_PARENT = 5


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--tool", type=Path, required=True, help="script that computes statistics: `TOOL stats CORPUS OUT.parquet`"
    )
    parser.add_argument("--reference", type=Path, required=True, help="statistics to compare with, a parquet file")
    parser.add_argument("--prior", default="plurel", help="name or TOML file of the prior")
    parser.add_argument("--count", type=int, default=160, help="databases to draw")
    parser.add_argument("--seed", type=int, default=1000, help="seed of the first one")
    parser.add_argument("--corpus", type=Path, default=Path("out/fidelity"), help="where databases are written")
    parser.add_argument("--name", default="plurel", help="of the result: results/NAME.json")
    return parser.parse_args()


def draw(options: argparse.Namespace) -> pd.DataFrame:
    """Draw the databases that are not there yet, and compute their statistics."""
    options.corpus.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "plurel_prob", "sample", "--prior", options.prior, "--out", str(options.corpus)]
    missing = [seed for seed in seeds(options) if not (options.corpus / f"plurel-{seed}").exists()]
    if missing == list(seeds(options)):
        subprocess.run([*command, "--seed", str(options.seed), "--count", str(options.count)], check=True)
    else:
        for seed in missing:
            subprocess.run([*command, "--seed", str(seed)], check=True)
    table = options.corpus / "stats.parquet"
    subprocess.run([sys.executable, str(options.tool), "stats", str(options.corpus), str(table)], check=True)
    return pd.read_parquet(table)


def seeds(options: argparse.Namespace) -> range:
    """Seeds of the databases."""
    return range(options.seed, options.seed + options.count)


def within_limit(table: pd.DataFrame) -> pd.DataFrame:
    """Databases with at most five foreign keys a table: where our prior is truncated on purpose."""
    return table[table.max_parents <= MAX_PARENT]


def distances(ours: pd.DataFrame, reference: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Kolmogorov-Smirnov distance and medians of every statistic, the worst first."""
    names = [name for name in ours.columns if name != "database" and name in reference.columns]
    found = {}
    for name in names:
        a, b = ours[name].dropna(), reference[name].dropna()
        if len(a) > 5 and len(b) > 5:
            test = stats.ks_2samp(a, b)
            row = {"distance": test.statistic, "p_value": test.pvalue, "ours": a.median(), "reference": b.median()}
            found[name] = {key: float(value) for key, value in row.items()}
    return dict(sorted(found.items(), key=lambda item: -item[1]["distance"]))


def area_under_curve(ours: pd.DataFrame, reference: pd.DataFrame) -> float:
    """How well a forest tells the two apart, cross-validated: 0.5 is not at all."""
    names = [name for name in ours.columns if name != "database" and name in reference.columns]
    x = pd.concat([ours[names], reference[names]]).fillna(-9.0).to_numpy()
    y = np.r_[np.zeros(len(ours)), np.ones(len(reference))]
    forest = RandomForestClassifier(500, min_samples_leaf=2, random_state=0)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return float(roc_auc_score(y, cross_val_predict(forest, x, y, cv=folds, method="predict_proba")[:, 1]))


def main() -> None:
    """Draw, compare, write the result."""
    options = arguments()
    ours, reference = within_limit(draw(options)), within_limit(pd.read_parquet(options.reference))
    result = {
        "prior": options.prior,
        "seeds": [options.seed, options.seed + options.count - 1],
        "reference": options.reference.name,
        "n_ours": len(ours),
        "n_reference": len(reference),
        "auc": area_under_curve(ours, reference),
        "statistics": distances(ours, reference),
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()},
        "versions": {name: version(name) for name in ("plurel-prob", "jax", "numpyro", "numpy", "scikit-learn")},
    }
    path = HERE / "results" / f"{options.name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"AUC {result['auc']:.3f}, {len(ours)} against {len(reference)} databases; written to {path}")
    for name, row in list(result["statistics"].items())[:12]:
        print(f"  {name:24s} KS {row['distance']:.2f}  medians {row['ours']:.3g} / {row['reference']:.3g}")


if __name__ == "__main__":
    main()
