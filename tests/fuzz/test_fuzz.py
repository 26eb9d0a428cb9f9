"""Whatever is in a file, a command that reads it ends with 0 or 2, says what is wrong in a line, and writes to its --out only.

`make test` tries a few changes of each kind of file, the same each time; `make test-all` hundreds, others each time. A failure
names its command, and the folder that holds the files. With a path in `PLUREL_PROB_FUZZ_REPORT` nothing fails: each example adds
a line of JSON there, and `python -m tests.fuzz.report` counts them.
"""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.fuzz.child import LIMIT
from tests.fuzz.found import FOUND, Found
from tests.fuzz.kinds import KINDS, Command, Kind
from tests.fuzz.places import PLACES, put
from tests.fuzz.runner import told
from tests.fuzz.surroundings import Surroundings
from tests.fuzz.tables import NAMES, rename

pytest.importorskip("sqlglot")
FAST = [name for name, kind in KINDS.items() if not kind.is_slow]
N_QUICK, N_LONG = 8, int(os.environ.get("PLUREL_PROB_FUZZ_EXAMPLES", "300"))
COMMON = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck), "print_blob": True}
QUICK = settings(max_examples=N_QUICK, derandomize=True, **COMMON)
LONG = settings(max_examples=N_LONG, **COMMON)
SLOW = settings(max_examples=max(N_LONG // 20, 1), **COMMON)
COMPILES = 12 * LIMIT  # seconds that a command may take that compiles programs of a new shape
SOURCES = sorted({KINDS[name].source for name in FAST})
RENAMED = {  # table, column: is called otherwise
    "shop": [("users", None), ("orders", None), ("users", "id"), ("orders", "at"), ("orders", "buyer"), ("orders", "mood")],
    "drawn": [("table_0", None), ("table_1", None), ("table_0", "row_idx"), ("table_0", "foreign_row_0")],
}


def needed(kind: Kind) -> None:
    """Skip a kind whose extra is not installed."""
    needs_rfm = kind.source == "weights" or any(command.words.startswith(("evaluate", "predict")) for command in kind.commands)
    if needs_rfm and find_spec("orbax") is None:
        pytest.skip("needs the extra rfm")


def try_changes(name: str, around: Surroundings, profile: settings) -> None:
    """Change files of a kind, one at a time, and run a command that reads them."""
    kind = KINDS[name]
    files = sorted(path.relative_to(around.valid) for path in around.valid.glob(kind.files) if path.is_file())
    assert files

    @profile
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        file, command = data.draw(st.sampled_from(files), "file"), data.draw(st.sampled_from(kind.commands), "command")
        content = data.draw(kind.change((around.valid / file).read_bytes()))
        (around.renew() / file).write_bytes(content)
        what = f"{file} is now {content[:200]!r}"
        around.check(name, command.words, command.writes, command.has_findings, what, COMPILES if kind.is_slow else LIMIT)

    holds()


@pytest.mark.parametrize("name", FAST)
def test_changed_files_are_read_or_refused(name: str, make) -> None:
    needed(KINDS[name])
    try_changes(name, make(KINDS[name].source), QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAST)
def test_many_changed_files_are_read_or_refused(name: str, make) -> None:
    needed(KINDS[name])
    try_changes(name, make(KINDS[name].source), LONG)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in KINDS if name not in FAST])
def test_programs_run_on_changed_files_or_refuse_them(name: str, make) -> None:
    needed(KINDS[name])
    try_changes(name, make(KINDS[name].source), SLOW)


def try_names(source: str, around: Surroundings, profile: settings) -> None:
    """Call tables and columns otherwise, and run a command that reads them."""
    kind = KINDS["columns" if source == "shop" else "columns of a drawn database"]
    folder = "shop" if source == "shop" else "plurel-2"

    @profile
    @given(st.sampled_from(RENAMED[source]), st.sampled_from(NAMES), st.sampled_from(kind.commands))
    def holds(old: tuple[str, str | None], new: str, command: Command) -> None:
        try:
            rename(around.renew() / folder, *old, new)
        except ValueError:  # no name in parquet
            return
        around.check("names", command.words, command.writes, command.has_findings, f"{old} is called {new!r}")

    holds()


@pytest.mark.parametrize("source", RENAMED)
def test_any_name_is_read_or_refused(source: str, make) -> None:
    try_names(source, make(source), QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("source", RENAMED)
def test_many_names_are_read_or_refused(source: str, make) -> None:
    try_names(source, make(source), LONG)


def try_places(around: Surroundings, profile: settings, source: str) -> None:
    """Put something else in the place of a file or folder, and run a command that reads there."""
    every = {command for kind in KINDS.values() if kind.source == source and not kind.is_slow for command in kind.commands}
    places = sorted(path.relative_to(around.valid) for path in around.valid.rglob("*"))

    @profile
    @given(st.sampled_from(places), st.sampled_from(sorted(PLACES)), st.sampled_from(sorted(every)))
    def holds(place: Path, what: str, command: Command) -> None:
        # whoever gives a pipe to a command, or a device without end, may wait
        assume(what not in ("a pipe", "without end") or f"{{source}}/{place}" not in command.words.split())
        put(around.renew() / place, what)
        around.check("places", command.words, command.writes, command.has_findings, f"{place} is {what}")

    holds()


@pytest.mark.parametrize("source", SOURCES)
def test_anything_may_stand_in_a_place(source: str, make) -> None:
    try_places(make(source), QUICK, source)


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_many_things_may_stand_in_a_place(source: str, make) -> None:
    try_places(make(source), LONG, source)


@pytest.mark.parametrize("name", FAST)
def test_valid_files_are_read(name: str, make) -> None:
    """The law is not kept by refusing all."""
    kind = KINDS[name]
    needed(kind)
    around = make(kind.source)
    for command in kind.commands[:2]:
        source = around.renew()
        done = around.runner.run(command.words.format(source=source, out=around.folder / "out").split(), around.folder)
        is_read = done.code == 0 or "no_such_table" in done.err or "--address" in done.err
        assert is_read or command.has_findings and done.code == 1, told([command.words], done, [])


@pytest.mark.parametrize("case", FOUND, ids=lambda case: case.name)
def test_what_was_found_is_refused_or_read(case: Found, make) -> None:
    around = make(case.source)
    case.change(around.renew())
    done = around.check(case.name, case.words, "out", Command(case.words).has_findings, case.name)
    for word in case.said:
        assert word in done.err
