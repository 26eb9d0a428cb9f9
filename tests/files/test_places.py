"""Whatever happens to a process that writes, what it replaces is there, or what it has written is."""

import os
from contextlib import suppress
from itertools import count

import pytest

from plurel_prob.errors import DatabaseError
from plurel_prob.files import PROVENANCE, check_folder, new_file, new_folder, places, tidy, whole_file
from tests.files.killed import is_killed

pytest.importorskip("fcntl", reason="this system knows no locks")


def write(path, text):
    with new_folder(path, overwrite=True) as folder:
        (folder / "db").mkdir()
        (folder / "db" / "a.csv").write_text(text)
        (folder / "b.csv").write_text(text)


def said(path):
    return {(path / name).read_text() for name in ("db/a.csv", "b.csv")}


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_is_replaced_at_once_or_brought_back(tmp_path, monkeypatch, can_exchange):
    out, n_missing = tmp_path / "out", 0
    if not can_exchange:
        monkeypatch.setattr(places, "_exchange", lambda a, b: False)
    for step in count():
        write(out, "old")
        killed = is_killed(lambda: write(out, "new"), step)
        if can_exchange:
            assert said(out) in ({"old"}, {"new"})
        n_missing += not out.exists()
        tidy(tmp_path)
        assert said(out) in ({"old"}, {"new"})
        if not killed:
            assert said(out) == {"new"}
            break
        strays = [path for path in tmp_path.iterdir() if path != out]
        assert all(list(path.iterdir()) == [] for path in strays)  # killed before there was a mark, or right after it had gone
        for path in strays:
            path.rmdir()
    assert step > 5 and n_missing == (0 if can_exchange else 1)


def test_a_file_is_replaced_at_once(tmp_path):
    def write_file(text):
        with whole_file(tmp_path / "out") as new:
            new.write_text(text)

    write_file("old")
    for step in count():
        killed = is_killed(lambda: write_file("new"), step)
        assert (tmp_path / "out").read_text() in ("old", "new")
        if not killed:
            break
    tidy(tmp_path)
    assert (tmp_path / "out").read_text() == "new"


def test_what_came_in_between_stays_with_what_it_came_between(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "_exchange", lambda a, b: False)
    out = tmp_path / "out"
    for step in count():
        write(out, "old")
        assert is_killed(lambda: write(out, "new"), step)
        if not out.exists():
            break
    out.mkdir()
    (out / "letter").write_text("precious")
    tidy(tmp_path)
    assert (out / "letter").exists()
    assert {path.read_text() for path in tmp_path.glob(".plurel-prob-*/old/out/b.csv")} == {"old"}


def test_an_error_leaves_what_was_there(tmp_path, monkeypatch):
    out = tmp_path / "out"
    write(out, "old")
    with suppress(KeyError), new_folder(out, overwrite=True) as folder:
        (folder / "half").touch()
        raise KeyError
    monkeypatch.setattr(places, "_exchange", lambda a, b: False)
    rename, calls = os.rename, []

    def refused(a, b):
        calls.append(a)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        return rename(a, b)

    monkeypatch.setattr(os, "rename", refused)
    with pytest.raises(DatabaseError, match="cannot write .*out: Input/output error"):
        write(out, "new")
    assert said(out) == {"old"} and list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("name", ["letter.txt", "db/a.csv.bak", "db/deep/er/letter.txt", ".hidden", "empty/"])
def test_nothing_else_is_overwritten_however_deep(tmp_path, name):
    out = tmp_path / "out"
    write(out, "old")
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).mkdir() if name.endswith("/") else (out / name).write_text("precious")
    first = {"db/deep/er/letter.txt": "db/deep", "empty/": "empty"}.get(name, name)
    with pytest.raises(DatabaseError, match=f"out is no folder of tables alone: {first} was not written"):
        write(out, "new")
    assert (out / name).exists() and said(out) == {"old"}


def test_nor_what_comes_while_it_is_written(tmp_path):
    write(tmp_path / "out", "old")
    with pytest.raises(DatabaseError, match="letter was not written"):
        with new_folder(tmp_path / "out", overwrite=True):
            (tmp_path / "out" / "letter").touch()
    assert said(tmp_path / "out") == {"old"}


def test_links_and_lists_of_something_else_are_refused(tmp_path):
    out = tmp_path / "out"
    write(out, "old")
    (out / "b.csv").unlink()
    (out / "b.csv").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DatabaseError, match="b.csv was not written"):
        write(out, "new")
    for text in ("", "{", "[]", '{"files": 1}', '{"files": null}', "[" * 100_000):
        (tmp_path / "foreign").mkdir(exist_ok=True)
        (tmp_path / "foreign" / PROVENANCE).write_text(text)
        with pytest.raises(DatabaseError, match="has a list of what was written"):
            check_folder(tmp_path / "foreign", overwrite=True)
    (tmp_path / "file").write_text("precious")
    with pytest.raises(DatabaseError, match="file is no folder"):
        write(tmp_path / "file", "new")


def test_a_link_that_is_given_leads_to_the_place(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "missing")
    write(tmp_path / "link", "old")
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and said(tmp_path / "disk" / "missing") == {"new"}
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["missing"]


def test_what_lies_in_a_linked_folder_is_written_there(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "missing")
    with new_file(tmp_path / "link" / "file", overwrite=False) as new:
        new.write_text("new")
    write(tmp_path / "link" / "of" / "tables", "new")
    assert said(tmp_path / "disk" / "missing" / "of" / "tables") == {"new"} and (tmp_path / "link").is_symlink()
    assert (tmp_path / "disk" / "missing" / "file").read_text() == "new"


def test_a_link_that_leads_nowhere_is_no_place_for_a_file(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "missing")
    with pytest.raises(DatabaseError, match="link is a link that leads nowhere"), new_file(tmp_path / "link", overwrite=False):
        pass
    with new_file(tmp_path / "link", overwrite=True) as new:
        new.write_text("new")
    assert not (tmp_path / "link").is_symlink() and not (tmp_path / "missing").exists()


def test_a_file_that_is_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with whole_file(tmp_path / "link") as new:
        new.write_text("new")
    assert (tmp_path / "elsewhere").read_text() == "precious"
    assert not (tmp_path / "link").is_symlink() and (tmp_path / "link").read_text() == "new"


def test_devices_and_folders_are_no_files(tmp_path):
    for path, what in (("/dev/null", "no file"), (tmp_path, "a folder")):
        with pytest.raises(DatabaseError, match=f"is {what}"), new_file(type(tmp_path)(path), overwrite=True):
            pass
