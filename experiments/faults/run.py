"""What happens to a folder of databases when things go wrong: kills, full and read-only disks, damage, two runs, lost workers.

    python experiments/faults/run.py --out experiments/faults/results  # a quarter of an hour; some faults need root

Every fault is provoked on the command line tool in processes of its own. ``faults.jsonl`` gets a line for each: what was done,
how the command ended, what it said, and how many databases were complete, sound or taken for databases though they were not.
"""

import argparse
import contextlib
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from plurel_prob.corpora import problems_of
from plurel_prob.files import leftovers

PRIOR = """
base = "compact"
[schema]
n_table = { DiscreteUniform = [3, 4] }
n_column = { TruncatedZipf = [1.0, 3, 4] }
n_row_entity = { DiscreteUniform = [20, 40] }
n_row_activity = { DiscreteUniform = [40, 1100] }
"""
N_KILL = 20
COMMAND = [sys.executable, "-m", "plurel_prob"]


class Study:
    """Runs commands in a temporary folder and records what they did."""

    def __init__(self, folder: Path, results: Path, count: int):
        self.folder, self.results, self.count = folder, results, count
        self.prior = folder / "small.toml"
        self.prior.write_text(PRIOR)
        self.said: dict[int, tuple] = {}

    def start(self, out: Path, *more: str, count: int | None = None) -> subprocess.Popen:
        """Start drawing into a folder."""
        return self.command("sample", "--prior", str(self.prior), "--count", str(count or self.count), "--out", str(out), *more)

    def command(self, *arguments: str) -> subprocess.Popen:
        """Start a command of the tool; what it says goes to files, which never fill up as pipes do."""
        files = tempfile.NamedTemporaryFile(dir=self.folder), tempfile.NamedTemporaryFile(dir=self.folder)
        process = subprocess.Popen([*COMMAND, *arguments], stdout=files[0], stderr=files[1], start_new_session=True)
        self.said[process.pid] = files
        return process

    def record(self, fault: str, process: subprocess.Popen, out: Path, **more: object) -> None:
        """Wait for a command, look at its folder, and write a line; what can be called is called then."""
        process.wait()
        output, error = (Path(file.name).read_text(encoding="utf-8") for file in self.said[process.pid])
        found = sorted(out.glob("plurel-*"))
        row = {
            "fault": fault,
            "exit_code": process.returncode,
            "said": next((line for line in output.splitlines() if line.startswith("plurel-")), error.strip()[-200:])
            if process.returncode
            else "",
            "n_database": len(found),
            "n_wrong": sum(bool(problems_of(path)) for path in found),
            "n_leftover": len(leftovers(out)),
        }
        row |= {name: value() if callable(value) else value for name, value in more.items()}
        print(row, flush=True)
        with self.results.open("a") as file:
            file.write(json.dumps(row) + "\n")


def kills(study: Study) -> None:
    """Kill a run at random moments, let it go on each time, and compare with one that was left alone.

    Every other time while it starts, every other time after it has drawn a database.
    """
    whole, out = study.folder / "whole", study.folder / "killed"
    study.record("none", study.start(whole), whole)
    rng = random.Random(0)
    for kill in range(N_KILL):
        workers, before = 1 + kill // 2 % 2, len(list(out.glob("plurel-*")))
        process = study.start(out, "--workers", str(workers))
        while kill % 2 and len(list(out.glob("plurel-*"))) == before and process.poll() is None:
            time.sleep(0.01)
        after = rng.uniform(0, 10)
        time.sleep(after)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        gone = seconds_until_gone(process)
        study.record("kill -9", process, out, after_seconds=round(after, 1), workers=workers, gone_after_seconds=gone)
    process = study.start(out)
    study.record("the run after the kills", process, out, n_different=lambda: n_different(whole, out))


def seconds_until_gone(process: subprocess.Popen) -> float:
    """Wait for all processes of a session to end: workers that were just starting notice last. Half a minute is too long."""
    process.wait()
    start = time.perf_counter()
    while left := running(process.pid):
        assert time.perf_counter() - start < 30, f"workers outlived the run: {left}"
        time.sleep(0.1)
    return round(time.perf_counter() - start, 1)


def running(session: int) -> list[int]:
    """Processes of a session that are alive."""
    listed = subprocess.run(["ps", "-s", str(session), "-o", "pid=,stat="], capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if not line.split()[1].startswith("Z")]


def n_different(a: Path, b: Path) -> int:
    """Databases that are in one folder only, or whose tables or manifests differ."""

    def content(path: Path) -> dict[str, str]:
        files = json.loads((path / "plurel_prob.json").read_text())["files"]
        return {name: file["sha256"] for name, file in files.items() if not name.endswith(".nc")}

    names = {path.name for folder in (a, b) for path in folder.glob("plurel-*")}
    return sum(not ((a / n).exists() and (b / n).exists() and content(a / n) == content(b / n)) for n in names)


def full_disk(study: Study) -> None:
    """Write into a file system of eight megabytes."""
    with mounted(study.folder / "small", "size=8m") as out:
        study.record("full disk", study.start(out / "out"), out / "out")


def read_only(study: Study) -> None:
    """Write into a file system that is read-only."""
    with mounted(study.folder / "read-only", "ro") as out:
        study.record("read-only folder", study.start(out, count=3), out)


@contextlib.contextmanager
def mounted(path: Path, options: str) -> Iterator[Path]:
    """Mount a file system in memory."""
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


def damage(study: Study) -> None:
    """Truncate a table, flip a byte, remove latents: a new run, and ``verify``."""
    for fault, name in (
        ("truncated table", "db/table_0.parquet"),
        ("flipped byte", "db/table_1.parquet"),
        ("no latents", "latents.npz"),
    ):
        out = study.folder / fault.replace(" ", "-")
        study.start(out, count=3).wait()
        path = out / "plurel-1" / name
        content = path.read_bytes()
        path.unlink()
        if name != "latents.npz":
            path.write_bytes(
                content[:200] if fault == "truncated table" else content[:300] + bytes([content[300] ^ 1]) + content[301:]
            )
        study.record(f"{fault}, then sample", study.start(out, count=3), out)
        study.record(f"{fault}, then verify", study.command("verify", str(out)), out)


def two_runs(study: Study) -> None:
    """Start two runs into the same folder."""
    out = study.folder / "two"
    first, second = study.start(out, count=200), study.start(out, count=200)
    second.wait()
    study.record("two runs at once: second", second, out)
    study.record("two runs at once: first", first, out)


def lost_worker(study: Study) -> None:
    """Kill one of two workers."""
    out = study.folder / "lost"
    process = study.start(out, "--workers", "2")
    while len(list(out.glob("plurel-*"))) < 20:
        time.sleep(0.1)
    children = subprocess.run(["ps", "--ppid", str(process.pid), "-o", "pid=,args="], capture_output=True, text=True).stdout
    worker = next(int(line.split()[0]) for line in children.splitlines() if "spawn_main" in line)
    os.kill(worker, signal.SIGKILL)
    study.record("lost worker", process, out)


def memory(study: Study) -> None:
    """Watch the resident memory of a run of 1,000 databases."""
    out, seen = study.folder / "memory", []
    process = study.start(out, count=1000)
    while process.poll() is None:
        n = len(list(out.glob("plurel-*")))
        if n >= 100 * (len(seen) + 1):
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
            seen.append(int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) // 1024)
        time.sleep(0.05)
    study.record("1,000 databases", process, out, resident_mb_every_100=seen)


FAULTS = {part.__name__: part for part in (kills, full_disk, read_only, damage, two_runs, lost_worker, memory)}


def main() -> None:
    """Provoke the faults and record what happens."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1500, help="databases of the run that is killed")
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=list(FAULTS))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    packages = ("plurel-prob", "jax", "jaxlib", "numpyro", "pyarrow")
    machine = {"machine": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count(), "count": args.count}
    (args.out / "run.json").write_text(json.dumps(machine | {name: version(name) for name in packages}, indent=1) + "\n")
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    try:
        for name in args.only:
            FAULTS[name](Study(folder, args.out / "faults.jsonl", args.count))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
