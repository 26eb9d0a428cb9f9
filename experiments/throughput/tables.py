"""Results as a table in Markdown, a column for each generator: ``python tables.py results/NAME.json``."""

import json
import sys
from typing import Any


def rows_of(result: dict[str, Any]) -> list[tuple[str, str, dict[str, float]]]:
    """What is measured, its unit, and its values by generator."""
    summary = result["summary"]
    rows = [
        ("CPU-seconds a database", "s", summary["cpu_s"]),
        ("cells a CPU-second", "million", {name: value / 1e6 for name, value in summary["cells_per_cpu_s"].items()}),
        ("peak memory in the steady state", "GB", in_gb(summary["peak_mb"])),
    ]
    names = {"draw": "sample()", "write": "save(), latents included", "score": "log_density()"}
    for part, name in names.items():
        rows.append((f"CPU-seconds of {name}", "s", {of: value[part] for of, value in summary["parts_cpu_s"].items()}))
    for cache in ("empty", "full"):
        found = {name.split(",")[0]: value for name, value in result["starts"].items() if name.endswith(f"{cache} cache")}
        rows.append((f"first database on disk, {cache} cache", "s", {name: value["wall_s"] for name, value in found.items()}))
        rows.append(("its peak memory", "GB", in_gb({name: value["peak_mb"] for name, value in found.items()})))
    if "corpora" in result:
        corpora = result["corpora"]
        count = next(iter(corpora.values()))["count"]
        rows.append((f"{count:,} databases, two processes", "s", {name: value["wall_s"] for name, value in corpora.items()}))
    return rows


def in_gb(values: dict[str, float]) -> dict[str, float]:
    """Gigabytes of 2^30 bytes."""
    return {name: value / 1024 for name, value in values.items()}


def main(path: str) -> None:
    """Print the table."""
    with open(path, encoding="utf-8") as file:
        result = json.load(file)
    names = [*result["paired"]]
    print(f"| | unit | {' | '.join(names)} |\n|{' --- |' * (len(names) + 2)}")
    for what, unit, values in rows_of(result):
        cells = [f"{values[name]:.3g}" if name in values else "" for name in names]
        print(f"| {what} | {unit} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
