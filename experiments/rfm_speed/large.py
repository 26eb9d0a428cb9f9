"""How much memory and time does `plurel-prob predict` take on a database that is larger than memory?

``python experiments/rfm_speed/large.py --rows 1e6 1e7 --out results.jsonl``, on Linux: makes a DuckDB file of customers, shops
and events of 25 columns, and predicts which customers have an event in the next 30 days. A line of JSON a size: seconds, and
peaks of memory that is the process's own, and of files that the system keeps in memory while it has room. Expected: its own grows
by less than half of the numbers' size.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from sampler import machine

N_NUMBER = 20  # columns of numbers, besides five others
EVENTS = """
    INSERT INTO event SELECT i, (power(random(), 2) * {n})::INT % {n}, (random() * 1000)::INT % 1000,
    TIMESTAMP '2020-01-01' + to_seconds((random() * 86400 * 1500)::BIGINT), 'kind ' || (random() * 6)::INT, {numbers}
    FROM range({n_row}) AS rows(i)
"""


def make(path: Path, n_row: int) -> None:
    """Make the database: a customer for every hundred events."""
    n, columns = max(n_row // 100, 10), ", ".join(f"x{i} DOUBLE" for i in range(N_NUMBER))
    with duckdb.connect(str(path)) as connection:
        for statement in (
            "SET threads = 1",
            "CREATE TABLE customer (id INTEGER PRIMARY KEY, age DOUBLE)",
            f"INSERT INTO customer SELECT i, random() * 80 FROM range({n}) AS rows(i)",
            "CREATE TABLE shop (id INTEGER PRIMARY KEY, size DOUBLE)",
            "INSERT INTO shop SELECT i, random() FROM range(1000) AS rows(i)",
            f"""CREATE TABLE event (id BIGINT, customer_id INTEGER REFERENCES customer (id), shop_id INTEGER REFERENCES shop (id),
                happened TIMESTAMP NOT NULL, kind VARCHAR, {columns})""",
            EVENTS.format(n=n, n_row=n_row, numbers=", ".join(["random()"] * N_NUMBER)),
        ):
            connection.execute(statement).fetchall()


def measure(path: Path, members: str) -> dict:
    """Seconds of a forecast, and peaks of memory in bytes: its own, and of files."""
    words = ["predict", str(path), "--forecast", "event", "--by", "customer", "--within", "30d", "--no-baselines"]
    command = [sys.executable, "-m", "plurel_prob", *words, "--members", members]
    start, peaks = time.perf_counter(), {"RssAnon": 0, "RssFile": 0}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines():
                name, _, value = line.partition(":")
                if name in peaks:
                    peaks[name] = max(peaks[name], 1024 * int(value.split()[0]))
            time.sleep(0.1)
        said = process.stderr.read().decode() if process.stderr else ""
    if process.returncode:
        raise SystemExit(said[-2000:])
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "own_bytes": peaks["RssAnon"], "file_bytes": peaks["RssFile"]}


def main() -> None:
    """Measure and append."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", type=float, required=True)
    parser.add_argument("--members", choices=["all", "network", "trees"], default="all")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    for n_row in map(int, args.rows):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "events.duckdb"
            make(path, n_row)
            size = {"n_row": n_row, "file_size": path.stat().st_size, "number_bytes": 8 * n_row * (N_NUMBER + 5)}
            line = machine() | size | {"members": args.members} | measure(path, args.members)
        print(f"{n_row:,} events: {line['seconds']:.0f} s, {line['own_bytes'] / 1e9:.2f} GB of its own", flush=True)
        with args.out.open("a") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
