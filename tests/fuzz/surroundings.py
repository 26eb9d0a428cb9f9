"""Where examples are tried."""

import json
import os
import shutil
from pathlib import Path

from tests.fuzz.child import LIMIT
from tests.fuzz.runner import Done, Runner, problems_of, snapshot, told
from tests.fuzz.sources import elsewhere

REPORT = os.environ.get("PLUREL_PROB_FUZZ_REPORT")


class Surroundings:
    """A folder for examples: the files of a source, which are new each time, others, and where commands may write."""

    def __init__(self, folder: Path, source: Path, runner: Runner):
        self.folder, self.valid, self.runner = folder, source, runner
        elsewhere(folder / "elsewhere")

    def renew(self) -> Path:
        """Bring all back to what it was; return the folder of the source."""
        for name in ("source", "out", "cwd", "tmp"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for name in ("out", "cwd", "tmp"):
            (self.folder / name).mkdir()
        return shutil.copytree(self.valid, self.folder / "source")

    def check(self, name: str, words: str, writes: str, has_findings: bool, what: str, limit: int = LIMIT) -> Done:
        """Run a command, and hold it to the law."""
        argv = words.format(source=self.folder / "source", out=self.folder / "out").split()
        before = snapshot(self.folder, writes)
        done = self.runner.run(argv, self.folder, limit)
        problems = problems_of(done, before, snapshot(self.folder, writes), self.folder / "out", has_findings, limit)
        if REPORT:
            row = {
                "kind": name,
                "command": argv[0],
                "code": done.code,
                "problems": problems,
                "cpu": done.cpu,
                "mb": done.memory >> 20,
            }
            with open(REPORT, "a", encoding="utf-8") as file:
                print(json.dumps(row | {"change": what, "argv": argv, "trace": done.trace, "err": done.err[:1000]}), file=file)
            return done
        assert not problems, f"{told(argv, done, problems)}\nchanged: {what}; the files are in {self.folder}"
        return done
