"""Texts that make a reader which goes back, or looks up in lists, take the square of their length."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from plurel_prob.declared import read_ddl
from plurel_prob.errors import DatabaseError
from tests.declared.writer import DIALECTS

SIZE, LIMIT = 1_000_000, 2.0  # characters, seconds of the processor
ROWS = "INSERT INTO t VALUES ("


def repeated(fragment: str, start: str = "", *, size: int = SIZE) -> str:
    """A fragment again and again, with its number for ``{i}``."""
    n = size // len(fragment.replace("{i}", "00000")) + 1
    return start + "".join(fragment.replace("{i}", str(i)) for i in range(n))


SCANNED: dict[str, Callable[[], str]] = {
    "comments in comments": lambda: repeated("/* "),
    "comments that are closed once": lambda: repeated("/* /* */ "),
    "tags in dollars": lambda: repeated("$a{i}$ "),
    "a tag in dollars": lambda: repeated("$$ $a$ "),
    "go and spaces": lambda: repeated("go" + " " * 20_000 + "x\n"),
    "go, a number and spaces": lambda: repeated("go" + " " * 10_000 + "1" + " " * 10_000 + "x\n"),
    "comments in rows": lambda: repeated("/* ", ROWS),
    "closed comments in rows": lambda: repeated("/* /* */ ", ROWS),
    "tags in rows": lambda: repeated("$a{i}$ ", ROWS),
    "brackets in rows": lambda: repeated("[ ]] ", ROWS),
    "quotes": lambda: repeated("'' \"\" '"),
    "backslashes": lambda: repeated("\\'", "CREATE TABLE t (a text DEFAULT E'"),
    "introducers": lambda: repeated("_a ") + repeated("_a", size=SIZE // 2),
    "a word": lambda: repeated("ax"),
    "delimiters in a word": lambda: "DELIMITER x\n" + repeated("abcdex"),
    "empty lines": lambda: repeated("\n") + "'",
    "signs of dialects": lambda: repeated("[a identity ") + repeated(":: set ( create type x", size=SIZE // 4),
}
READ: dict[str, Callable[[], str]] = {
    "parentheses": lambda: repeated("(", "CREATE TABLE t (a int DEFAULT ", size=SIZE // 4),
    "lines in parentheses": lambda: repeated("x\n", "CREATE TABLE t (", size=SIZE // 4),
    "a table in many schemas": lambda: repeated("CREATE TABLE s{i}.t (a int); ", size=SIZE // 4),
    "tables that are dropped": lambda: repeated("CREATE TABLE t{i} (a int); DROP TABLE t{i}; ", size=SIZE // 4),
    "keys that refer to tables": lambda: (
        repeated("CREATE TABLE t{i} (a int PRIMARY KEY); ", size=SIZE // 4)
        + repeated("ALTER TABLE t0 ADD FOREIGN KEY (a) REFERENCES t{i}; ", size=SIZE // 4)
    ),
    "partitions": lambda: (
        "CREATE TABLE p (a int); "
        + repeated("CREATE TABLE s{i}.p PARTITION OF p DEFAULT; ALTER TABLE p ADD UNIQUE (a);", size=SIZE // 4)
    ),
    "unique columns": lambda: f"CREATE TABLE t ({repeated('a{i} int UNIQUE, ', size=SIZE // 4)}b int)",
    "columns of types of two words": lambda: f"CREATE TABLE t ({repeated('a{i} double null, ', size=SIZE // 4)}b int)",
}


def seconds(folder: Path, text: str, dialect: str | None) -> float:
    """Time of the processor in which a text is read or refused."""
    path = folder / "schema.sql"
    path.write_text(text)
    start = time.process_time()
    try:
        read_ddl(path, dialect)
    except DatabaseError as error:
        assert len(str(error)) < 2000
    return time.process_time() - start


def over_limit(*texts: tuple[str, str | None]) -> list[str]:
    """Of kinds and dialects, what takes longer than the limit, in a process of its own: tests check the types of arguments, which
    takes time.
    """
    call = f"from tests.declared.test_linear import main; main({texts!r})"
    done = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def main(texts: tuple[tuple[str, str | None], ...]) -> None:
    """Print what takes longer than the limit."""
    with TemporaryDirectory() as folder:
        for kind, dialect in texts:
            taken = seconds(Path(folder), (SCANNED | READ)[kind](), dialect)
            if taken > LIMIT:
                print(f"{kind}, {dialect}: {taken:.1f} s")


def test_no_scanner_goes_back_and_no_look_up_goes_through_all_tables() -> None:
    texts = [(kind, "postgresql") for kind in SCANNED | READ]
    for dialect, starts in {"sqlserver": ("go", "brackets"), "mysql": ("delimiters", "introducers", "signs")}.items():
        texts += [(kind, dialect) for kind in SCANNED if kind.startswith(starts)]
    assert over_limit(*texts) == []


@pytest.mark.slow
@pytest.mark.parametrize("dialect", (*DIALECTS, None))
def test_nor_in_any_dialect(dialect: str | None) -> None:
    assert over_limit(*((kind, dialect) for kind in SCANNED | READ)) == []
