"""Print losses by databases and what was seen, and laws: ``python -m experiments.scaling_laws.table RESULTS [LAWS]``."""

import json
import sys
from pathlib import Path

from experiments.lines import Line
from experiments.real_tasks.table import Rows, markdown
from experiments.scaling_laws.laws import runs_of


def losses(lines: list[Line]) -> Rows:
    """Loss of each number of databases (rows) by cells or rows seen (columns); of several seeds all."""
    seen = sorted({line["n_seen"] for line in lines})
    rows = [["N", *(f"{n / 1e6:.3g} M" for n in seen)]]
    for n_database in sorted({line["n_database"] for line in lines}):
        cells = []
        for n in seen:
            mine = [line for line in lines if (line["n_database"], line["n_seen"]) == (n_database, n)]
            cells.append(", ".join(f"{line['loss']:.4f}".lstrip("0") for line in sorted(mine, key=lambda line: line["seed"])))
        rows.append([f"{n_database:,}", *cells])
    return rows


def compared(found: dict) -> Rows:
    """How far laws are behind the best of each part, and their exponents."""
    rows = [["runs", "law", "elpd", "behind", "exponents"]]
    for part, of_part in found.items():
        for law, row in sorted(of_part["comparison"].items(), key=lambda item: item[1]["behind"]):
            posterior = of_part["posteriors"][law]
            names = [name for name in posterior if name.startswith("exponent")]
            told = [
                f"{n[-1]} {posterior[n]['mean']:.2f} ({posterior[n]['low']:.2f} to {posterior[n]['high']:.2f})" for n in names
            ]
            behind = f"{row['behind']:.1f} ± {row['standard_error']:.1f}"
            rows.append([f"{part} ({of_part['n_run']})", law, f"{row['elpd']:.1f}", behind, "; ".join(told)])
    return rows


def main(results: str, laws: str | None = None) -> None:
    """Print all tables."""
    of_laws = {} if laws is None else json.loads(Path(laws).read_text(encoding="utf-8"))
    for group, lines in runs_of(Path(results)).items():
        print(f"{group}: {lines[0]['baseline']:.4f} without training\n\n{markdown(losses(lines))}\n")
        if group in of_laws:
            print(f"{markdown(compared(of_laws[group]))}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
