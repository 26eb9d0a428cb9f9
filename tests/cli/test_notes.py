"""A run that is killed at any moment goes on: the note beside a store says what that store was drawn with."""

from itertools import count

import pandas as pd
import pytest

from plurel_prob.cli.notes import note_of, noted, origin_noted
from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable
from plurel_prob.errors import DatabaseError
from plurel_prob.stores import read_store, write_store
from tests.files.killed import is_killed

pytest.importorskip("sqlglot", reason="the extra sql is not installed")
DECLARED = DeclaredSchema((DeclaredTable("t", (Column("a", "integer", False),)),), "t")


def draw(target, format, n):
    with noted(target, {"fingerprint": n}):
        write_store({"t": pd.DataFrame({"a": [n]})}, DECLARED, target, format, overwrite=n > 0)


def drawn(target):
    return {"fingerprint": read_store(target)[0]["t"].a.tolist()[0]}


def drawn_by(target, n):
    return target.exists() and drawn(target) == {"fingerprint": n}


@pytest.mark.parametrize("format", ["sqlite", "csv"])
def test_there_is_no_store_without_its_note(tmp_path, format):
    target, seen = tmp_path / "x", set()
    for n in (0, 1):  # the second replaces the first
        for step in count():
            is_over = not is_killed(lambda n=n: draw(target, format, n), step)
            seen.add((target.exists(), note_of(target).exists()))
            assert not target.exists() or origin_noted(target) == drawn(target)
            if is_over or drawn_by(target, n):
                break
    draw(target, format, 1)
    assert origin_noted(target) == {"fingerprint": 1} == drawn(target)
    assert seen == {(False, False), (False, True), (True, True)}


def test_a_failure_leaves_the_note_that_was_there(tmp_path):
    target = tmp_path / "x"
    with pytest.raises(KeyError), noted(target, {"fingerprint": 1}):
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    draw(target, "sqlite", 0)
    with pytest.raises(KeyError), noted(target, {"fingerprint": 1}):
        raise KeyError
    assert origin_noted(target) == {"fingerprint": 0}


@pytest.mark.parametrize("content", ["precious", "{}", "[1]", ""])
def test_a_file_of_somebody_else_stays(tmp_path, content):
    note_of(tmp_path / "x").write_text(content)
    with pytest.raises(DatabaseError, match="x.plurel_prob.json: is no note"):
        draw(tmp_path / "x", "sqlite", 0)
    assert note_of(tmp_path / "x").read_text() == content and not (tmp_path / "x").exists()
