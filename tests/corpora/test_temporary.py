import os
import tempfile
import time

import pytest

from plurel_prob.corpora.temporary import MIN_AGE, PREFIX, temporary_folder


def test_folders_of_killed_processes_are_removed_and_no_others(tmp_path, monkeypatch):
    pytest.importorskip("fcntl", reason="this system knows no locks")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, new, other = (tmp_path / name for name in (f"{PREFIX}left", f"{PREFIX}new", "other"))
    for folder in (left, new, other):
        (folder / "db").mkdir(parents=True)
    long_ago = time.time() - 2 * MIN_AGE
    with temporary_folder() as used:
        for folder in (left, other, used):
            os.utime(folder, (long_ago, long_ago))
        with temporary_folder():
            assert not left.exists()
            assert new.exists() and other.exists() and used.exists()
    assert sorted(tmp_path.iterdir()) == [other, new]
