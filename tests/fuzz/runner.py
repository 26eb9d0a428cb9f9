"""Commands over files that nobody vouches for, and the law that they are held to."""

import hashlib
import json
import os
import re
import select
import shlex
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.child import LIMIT

ROOT = Path(__file__).parent.parent.parent
WALL = 12 * LIMIT  # seconds that a command may wait, on a busy machine
MEMORY = 1 << 30  # bytes that a command may take
COMPILATION = 3  # times that, of a command that compiles programs
MESSAGE = 4000  # characters
CANARY = "a-word-from-elsewhere-17"  # in a file that no input may reach
ERROR = "plurel-prob: "
NOTE = re.compile(r"━|\d:\d\d:\d\d|: not read: |^left out: |^\s*$")  # progress, and statements that are skipped
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass
class Done:
    """A command that has ended.

    Attributes:
        code: exit code; None if the process was killed or crashed.
        memory: bytes by which the process grew at most.
        lost: how the process ended, if it did.
    """

    code: int | None
    out: str = ""
    err: str = ""
    trace: str = ""
    cpu: float = 0.0
    wall: float = 0.0
    memory: int = 0
    lost: str = ""


@dataclass
class Runner:
    """A process that commands run in; a new one takes its place when it is lost."""

    process: subprocess.Popen | None = field(default=None, init=False)

    def run(self, argv: list[str], folder: Path, limit: int = LIMIT) -> Done:
        """Run a command in a folder with ``cwd`` and ``tmp``."""
        if self.process is None:
            environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(ROOT / "out" / "test-programs"), "COLUMNS": "100"}
            command = [sys.executable, "-m", "tests.fuzz.child"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)
        request = {"argv": argv, "folder": str(folder), "limit": limit}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        is_ready = select.select([self.process.stdout], [], [], limit / LIMIT * WALL)[0]
        line = self.process.stdout.readline() if is_ready else b""
        if line:
            return Done(**json.loads(line))
        if not is_ready:
            self.process.kill()
        code = self.process.wait()
        self.process = None
        lost = "hangs" if not is_ready else f"takes over {limit} s" if code == -24 else f"crashes: signal {-code}"
        return Done(None, lost=lost)

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.communicate()


def snapshot(folder: Path, left_out: str) -> dict[str, str]:
    """What every file, folder and link below a folder is, but for those in ``left_out``, paths between spaces."""
    found, passed = {}, left_out.split()
    for top, folders, files in os.walk(folder):
        here = Path(top)
        folders[:] = [name for name in folders if (here / name).relative_to(folder).as_posix() not in passed]
        for path in (here / name for name in folders + files):
            if path.relative_to(folder).as_posix() in passed:
                continue
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                what = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                what = f"link to {os.readlink(path)}" if stat.S_ISLNK(mode) else f"mode {mode:o}"
            found[path.relative_to(folder).as_posix()] = what
    return found


def problems_of(
    done: Done, before: dict[str, str], after: dict[str, str], out: Path, has_findings: bool, limit: int
) -> list[str]:
    """What is against the law: exit 0 or 2 (1 where a command reports findings), one line of error, nothing elsewhere."""
    if done.lost:
        return [done.lost]
    found = []
    if done.trace or "Traceback (most recent call last)" in done.err:
        found.append("traceback")
    elif done.code not in (0, 2) and not (has_findings and done.code == 1):
        found.append(f"exit {done.code}")
    lines = [line for line in done.err.splitlines() if line.startswith(ERROR) or not NOTE.search(line)]
    if done.code == 2 and (len(lines) != 1 or not lines[0].startswith(ERROR)):
        found.append("not one line")
    if any(len(line) > MESSAGE for line in lines):
        found.append("long message")
    if CONTROL.search((done.out + done.err).replace("\r\n", "\n")):
        found.append("control characters")
    if done.memory > MEMORY * (1 if limit == LIMIT else COMPILATION):
        found.append("memory")
    if before != after:
        found.append("writes elsewhere: " + ", ".join(sorted(name for name, _ in before.items() ^ after.items())[:3]))
    if any(path.is_symlink() or path.is_file() and CANARY.encode() in path.read_bytes() for path in out.rglob("*")):
        found.append("reads elsewhere")
    return found


def told(argv: list[str], done: Done, problems: list[str]) -> str:
    """What a failing example is."""
    texts = [f"{'; '.join(problems)}: plurel-prob {shlex.join(argv)}", f"exit {done.code}, {done.cpu} s, {done.memory >> 20} MB"]
    return "\n".join([*texts, done.trace, done.err[-2000:]])
