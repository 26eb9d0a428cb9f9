import os
import re
from pathlib import Path
from random import Random

import pytest

from plurel_prob.declared import DeclaredSchema, order_tables, read_ddl
from plurel_prob.errors import DatabaseError
from tests.declared.writer import DIALECTS, Writer, random_schema

STRANGE = (
    *("(", ")", "'", '"', "`", "[", "]", ";", ",", ".", "::", "--", "/*", "$$", "\\", "\0", "é", "-1e999", "9" * 400, "0x", "%"),
    *(
        "CHECK",
        "TABLE",
        "CREATE",
        "NULL",
        "REFERENCES",
        "UNIQUE",
        "DEFAULT",
        "PRIMARY KEY",
        "AS",
        "BEGIN",
        "END",
        "GO",
        "ENUM ()",
    ),
)


def mutated(rng: Random, text: str) -> bytes:
    """A text with some of its tokens deleted, doubled, swapped, replaced, or cut off, and some bytes overwritten."""
    tokens = re.findall(r"\w+|\s+|[^\w\s]", text)
    for _ in range(rng.choice([1, 1, 2, 4])):
        i = rng.randrange(max(len(tokens) - 2, 1))
        change = rng.randrange(6)
        if change == 0:
            del tokens[i]
        elif change == 1:
            tokens.insert(i, tokens[i])
        elif change == 2:
            tokens[i : i + 3] = tokens[i : i + 3][::-1]
        elif change == 3:
            tokens[i] = rng.choice(STRANGE)
        elif change == 4:
            tokens[i] = rng.choice(tokens)
        elif rng.random() < 0.3:
            tokens = tokens[: i + 3]
    content = bytearray("".join(tokens).encode())
    if rng.random() < 0.1:
        place = rng.randrange(len(content) + 1)
        content[place : place + 3] = rng.randbytes(3)
    return bytes(content)


def read_mutated(folder: Path, texts: list[str], n_text: int, seed: str, dialect: str | None) -> tuple[int, int]:
    """How many of some mutated texts are schemas, and how many are refused; nothing else may happen."""
    rng, path, n_schema, n_refused = Random(seed), folder / "mutated.sql", 0, 0
    for _ in range(n_text):
        path.write_bytes(mutated(rng, rng.choice(texts)))
        try:
            schema = read_ddl(path, dialect)
        except DatabaseError as error:
            assert str(path) in str(error), str(error)
            assert "\n" not in str(error)
            n_refused += 1
            continue
        assert isinstance(schema, DeclaredSchema) and schema.tables
        n_schema += 1
        order_tables(schema)
    return n_schema, n_refused


@pytest.mark.parametrize("dialect", DIALECTS)
def test_mutated_schemas_are_read_or_refused(tmp_path: Path, dialect: str) -> None:
    texts = []
    for seed in range(20):
        rng = Random(f"good {dialect} {seed}")
        texts.append(Writer(rng, dialect).schema(random_schema(rng, dialect)))
    short = sorted(texts, key=len)[2:8]
    n_schema, n_refused = read_mutated(tmp_path, short, 25, f"fuzz {dialect}", dialect)
    assert n_schema >= 1 and n_refused >= 3


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_many_mutated_schemas_are_read_or_refused(tmp_path: Path, dialect: str) -> None:
    for seed in range(2):
        rng = Random(f"better {dialect} {seed}")
        read_mutated(tmp_path, [Writer(rng, dialect).schema(random_schema(rng, dialect))], 50, f"{dialect} {seed}", dialect)


@pytest.mark.slow
def test_mutated_dumps_are_read_or_refused(tmp_path: Path) -> None:
    folder = os.environ.get("PLUREL_PROB_DATA")
    if folder is None or not (Path(folder) / "ddl").is_dir():
        pytest.skip("PLUREL_PROB_DATA names no folder with ddl/, the schemas of Chinook and Sakila")
    texts = [path.read_text() for path in sorted((Path(folder) / "ddl").glob("*.sql"))]
    n_schema, n_refused = read_mutated(tmp_path, texts, 500, "fuzz", None)
    assert n_schema >= 50 and n_refused >= 50
