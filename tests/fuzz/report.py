"""Counts of a report of the fuzz suite: python -m tests.fuzz.report FILE [--problems]."""

import json
import sys
from collections import Counter
from pathlib import Path


def main(path: Path, is_long: bool) -> None:
    """Print a row for each kind of file, and with ``is_long`` an example of each problem."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    columns = ("examples", "exit 0", "exit 1", "exit 2", "against the law", "traceback", "lost", "elsewhere", "max s", "max MB")
    print("| kind |", " | ".join(columns), "|")
    print("| --- |" + " ---: |" * len(columns))
    for kind in [*dict.fromkeys(row["kind"] for row in rows), "all"]:
        some = [row for row in rows if kind in (row["kind"], "all")]
        codes, problems = Counter(row["code"] for row in some), [" ".join(row["problems"]) for row in some]
        words = [sum(word in text for text in problems) for word in ("", "traceback", "elsewhere")]
        cells = [len(some), codes[0], codes[1], codes[2], sum(map(bool, problems)), words[1], codes[None], words[2]]
        print(f"| {kind} |", " | ".join(map(str, [*cells, max(r["cpu"] for r in some), max(r["mb"] for r in some)])), "|")
    if is_long:
        seen: Counter = Counter()
        for row in rows:
            if row["problems"]:
                last = (row["trace"] or row["err"]).strip().splitlines()[-1:]
                places = [line.strip() for line in row["trace"].splitlines() if "/plurel_prob/" in line][-1:]
                key = (tuple(row["problems"])[:1], *places, *(text[:60] for text in last if not places))
                seen[key] += 1
                if seen[key] == 1:
                    print(f"\n{row['kind']}: {' '.join(row['argv'])[:300]}\n  {row['change'][:300]}")
                    print(" ", row["problems"], *places, *(text[:300] for text in last), sep="\n  ")
        print(f"\n{len(seen)} places", *(f"{n:4d} {key}" for key, n in seen.most_common()), sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--problems" in sys.argv)
