"""Can databases of a prior be told from real ones, column by column, key by key, table by table? See README.md.

    python -m experiments.realism.run --tool realness.py --real data --prior realistic --step "what changed"

Draws databases, and has the tool train forests that tell their columns, keys and tables from those of real databases, one real
database left out at a time. A line of JSON is added to results/steps.jsonl.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from experiments.lines import append_lines
from plurel_prob import get_prior

HERE = Path(__file__).parent
FOUND = re.compile(r"^(number|category|key|table|mean) +AUC ([\d.]+)(?:.*furthest: (.*))?$", re.MULTILINE)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tool", type=Path, required=True, help="script: `TOOL items FOLDER OUT.parquet`, `TOOL compare DRAWN REAL`"
    )
    parser.add_argument("--real", type=Path, required=True, help="folder of real databases in RelBench format")
    parser.add_argument("--prior", default="realistic", help="name or TOML file of the prior")
    parser.add_argument("--step", required=True, help="what is measured, in a few words")
    parser.add_argument("--count", type=int, default=40, help="databases to draw")
    parser.add_argument("--seed", type=int, default=1000, help="seed of the first one")
    parser.add_argument("--corpus", type=Path, default=Path("out/realism"), help="where databases are written")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "steps.jsonl", help="file of results")
    return parser.parse_args()


def measured(options: argparse.Namespace) -> dict[str, object]:
    """Draw, and compare with the real databases."""
    corpus = options.corpus / get_prior(options.prior).fingerprint
    command = [sys.executable, "-m", "plurel_prob", "sample", "--prior", options.prior, "--latents", "none", "--out", str(corpus)]
    subprocess.run([*command, "--seed", str(options.seed), "--count", str(options.count)], check=True)
    tables = {"drawn": (corpus, corpus / "items.parquet"), "real": (options.real, options.corpus / "real.parquet")}
    for folder, items in tables.values():
        subprocess.run([sys.executable, str(options.tool), "items", str(folder), str(items)], check=True)
    told = [str(items) for _, items in tables.values()]
    found = subprocess.run([sys.executable, str(options.tool), "compare", *told], check=True, capture_output=True, text=True)
    print(found.stdout)
    line = {
        "step": options.step,
        "prior": options.prior,
        "fingerprint": get_prior(options.prior).fingerprint,
        "count": options.count,
    }
    return line | parsed(found.stdout)


def parsed(told: str) -> dict[str, object]:
    """AUCs by kind, and which statistics are furthest apart, from what the tool prints."""
    parts = FOUND.findall(told)
    return {"auc": {kind: float(auc) for kind, auc, _ in parts}, "furthest": {kind: far for kind, _, far in parts if far}}


if __name__ == "__main__":
    asked = arguments()
    append_lines(asked.out, [measured(asked)], ("numpyro", "scikit-learn"), lambda line: f"{line['step']}: {line['auc']}")
