"""Runs commands one after another in one process, as `plurel-prob` would: python -m tests.fuzz.child.

It reads a JSON object a line from stdin, and answers each with one on stdout. What a command prints goes to files first, so that
what libraries in C print is seen, too.
"""

import json
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

ADDRESSES = 4 << 30  # bytes of addresses that a command may take, so that one without end does no harm
LIMIT = 10  # seconds of the processor that a command may take
DEBUG = "PLUREL_PROB_DEBUG"  # lets the last handler print tracebacks
STACK = 40  # lines of a traceback that are told

kept: list[str] = []  # tracebacks


def serve() -> None:
    """Answer until stdin ends."""
    requests, replies = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    from plurel_prob.cli import main

    os.environ[DEBUG], traceback.print_exc = "1", keep
    for line in requests:
        print(json.dumps(answer(main, **json.loads(line))), file=replies, flush=True)


def keep() -> None:
    """Keep what the last handler would print."""
    kept.append(traceback.format_exc())


def answer(main: Any, argv: list[str], folder: str, limit: int = LIMIT) -> dict[str, Any]:
    """Run a command in a folder, with the folder's ``tmp`` for temporary files; say how it ended and what it took."""
    os.chdir(Path(folder) / "cwd")
    os.environ["TMPDIR"], tempfile.tempdir = str(Path(folder) / "tmp"), None
    sys.unraisablehook = sys.__unraisablehook__
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak of memory starts anew
    before, start = memory("VmRSS"), cpu()
    resource.setrlimit(resource.RLIMIT_CPU, (int(start) + limit + 1, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_AS, (memory("VmSize") + ADDRESSES, resource.RLIM_INFINITY))
    clock = time.monotonic()
    with tempfile.TemporaryFile(dir="/tmp") as out, tempfile.TemporaryFile(dir="/tmp") as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        code, trace = 0, ""
        kept.clear()
        try:
            with warnings.catch_warnings():  # each is shown once a command
                main(argv)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            code, trace = 1, traceback.format_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        texts = [read(file) for file in (out, err)]
    if DEBUG in texts[1]:  # the last handler names it, because it knows nothing else
        trace = "".join(kept)
    for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS):
        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return {
        "code": code,
        "out": texts[0],
        "err": texts[1],
        "trace": "\n".join(trace.splitlines()[-STACK:]),
        "cpu": round(cpu() - start, 3),
        "wall": round(time.monotonic() - clock, 3),
        "memory": memory("VmHWM") - before,
    }


def read(file: Any) -> str:
    """Text that was written to a file."""
    file.seek(0)
    return file.read(1 << 20).decode(errors="backslashreplace")


def cpu() -> float:
    """Seconds of the processor that this process has taken."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory(name: str) -> int:
    """Bytes of memory, now (``VmRSS``) or at the peak (``VmHWM``)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name))


if __name__ == "__main__":
    serve()
