"""What killed processes left is removed, and nothing that looks like it."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time

import pytest

from plurel_prob.files import leftovers, marked_folder, marks, temporary_folder, tidy
from plurel_prob.files.marks import MARK, PREFIX
from tests.files.killed import left_behind

pytest.importorskip("fcntl", reason="this system knows no locks")


def contents(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_what_others_call_so_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    long_ago = time.time() - 1e6
    for name in ("plurel-prob-main", "plurel-prob-", f"{PREFIX}{'0' * 32}", ".plurel-notes.old-2019", ".plurel-7.partial-abc"):
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "src" / "thesis.tex").write_text("precious")
        os.utime(tmp_path / name, (long_ago, long_ago))
    before = contents(tmp_path)
    with temporary_folder() as used:
        assert used.is_dir() and used.is_relative_to(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("mark", [b"", b"{", b"[]", b"{}", b'{"token": 1, "host": 2}', b"\xff" * 2000])
def test_a_folder_with_a_mark_that_is_not_ours_stays(tmp_path, mark):
    (tmp_path / f"{PREFIX}abc").mkdir()
    (tmp_path / f"{PREFIX}abc" / MARK).write_bytes(mark)
    tidy(tmp_path)
    assert leftovers(tmp_path) == [] and (tmp_path / f"{PREFIX}abc" / MARK).read_bytes() == mark


def test_what_a_killed_process_left_is_removed(tmp_path):
    left = left_behind(tmp_path)
    assert (left / "new" / "half").exists()
    with marked_folder(tmp_path) as used:
        (used / "new").mkdir()
        assert leftovers(tmp_path) == [left]
        tidy(tmp_path)
        assert list(tmp_path.iterdir()) == [used] and (used / "new").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_renamed_or_copied_one_is_somebody_elses(tmp_path):
    left = left_behind(tmp_path)
    left.rename(tmp_path / f"{PREFIX}mine")
    tidy(tmp_path)
    assert (tmp_path / f"{PREFIX}mine" / "new" / "half").exists()


def test_one_of_another_machine_stays_for_a_day(tmp_path):
    left = left_behind(tmp_path)
    mark = json.loads((left / MARK).read_text())
    (left / MARK).write_text(json.dumps(mark | {"host": "another"}))
    tidy(tmp_path)
    assert left.exists()
    os.utime(left / MARK, (time.time() - 1e5,) * 2)
    tidy(tmp_path)
    assert not left.exists()


def test_links_in_it_are_not_followed(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("precious")
    left = left_behind(tmp_path)
    (left / "link").symlink_to(tmp_path / "mine")
    (left / "new" / "link").symlink_to(tmp_path / "mine")
    (left / "new" / "letter").touch()
    (left / "old").symlink_to(tmp_path / "mine")  # what is there was not taken from here
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "mine")
    tidy(tmp_path)
    assert not left.exists() and (tmp_path / "mine" / "letter").exists() and (tmp_path / f"{PREFIX}link").is_symlink()


def test_one_that_somebody_looks_at_while_it_is_made_is_held(tmp_path, monkeypatch):
    import fcntl

    opened = []

    def open_and_look(path, *arguments):
        handle = os_open(path, *arguments)
        if not opened:
            opened.append(os_open(path, os.O_RDWR))
            fcntl.flock(opened[0], fcntl.LOCK_EX)
            threading.Timer(0.2, os.close, opened).start()
        return handle

    os_open = os.open
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", open_and_look)
        making = marked_folder(tmp_path)
        used = making.__enter__()
    time.sleep(0.3)
    assert leftovers(tmp_path) == [] and tidy(tmp_path) == 1 and used.exists()
    making.__exit__(None, None, None)


def test_a_folder_of_many_entries_is_tidied_now_and_then(tmp_path, monkeypatch):
    monkeypatch.setattr(marks, "MANY", 0)
    monkeypatch.setattr(marks, "REST", 1e6)
    first = left_behind(tmp_path)
    marks.tidy_in_passing(tmp_path)
    assert not first.exists()
    (tmp_path / "x").touch()
    marks.tidy_in_passing(tmp_path)
    second = left_behind(tmp_path)
    marks.tidy_in_passing(tmp_path)
    assert second.exists()
    tidy(tmp_path)
    assert not second.exists()


def test_a_signal_that_comes_while_one_is_removed_leaves_nothing(tmp_path):
    code = f"""
import shutil, sys
from pathlib import Path
from plurel_prob.files import marked_folder
remove = shutil.rmtree
def interrupted(path):
    shutil.rmtree = remove
    sys.exit(143)
shutil.rmtree = interrupted
with marked_folder(Path({str(tmp_path)!r})) as folder:
    (folder / "new").mkdir()
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 143
    assert list(tmp_path.iterdir()) == []


def test_one_that_a_process_left_before_it_was_marked_is_removed_if_it_is_empty(tmp_path):
    name = f"{PREFIX}{'0a' * 16}"
    for parent, files in (("empty", []), ("unwritten", [MARK]), ("others", ["letter"]), ("both", [MARK, "letter"])):
        (tmp_path / parent / name).mkdir(parents=True)
        for file in files:
            (tmp_path / parent / name / file).touch()
        tidy(tmp_path / parent)
    assert {path.parent.name for path in tmp_path.glob(f"*/{name}")} == {"others", "both"}


def test_one_that_is_taken_for_such_is_made_again(tmp_path, monkeypatch):
    lock, taken = marks._lock, []

    def tidied_first(handle, *, waits=False):
        if waits and not taken:
            taken.append(handle)
            tidy(tmp_path)
        lock(handle, waits=waits)

    monkeypatch.setattr(marks, "_lock", tidied_first)
    with marked_folder(tmp_path) as folder:
        assert taken and [*tmp_path.iterdir()] == [folder] and (folder / MARK).read_text()
