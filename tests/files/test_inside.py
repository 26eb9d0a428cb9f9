"""Names from files lead nowhere but into their folder."""

import os

import pytest

from plurel_prob.errors import DatabaseError
from plurel_prob.files import check_apart, files_below, within


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "x" / "db").mkdir(parents=True)
    (tmp_path / "x" / "db" / "t.parquet").write_text("t")
    return tmp_path / "x"


@pytest.mark.parametrize(
    "name", ["../secret", "db/../../secret", "/etc/hostname", "", ".", "db//t.parquet", "db/", "a\0b", "./db"]
)
def test_names_that_lead_out_are_refused(folder, name):
    with pytest.raises(DatabaseError, match="is no name of a file in this folder"):
        within(folder, name)


def test_names_that_do_not(folder):
    assert within(folder, "db/t.parquet").read_text() == "t"
    assert within(folder, "db/..t.parquet") == folder / "db" / "..t.parquet"
    assert not within(folder, "not/there").exists()
    with pytest.raises(DatabaseError, match="File name too long"):
        within(folder, "n" * 300)
    with pytest.raises(DatabaseError, match="db: is no file"):
        within(folder, "db")
    os.mkfifo(folder / "pipe")
    with pytest.raises(DatabaseError, match="pipe: is no file"):
        within(folder, "pipe")


@pytest.mark.parametrize("target", ["../secret", "db/t.parquet", "/etc", "nothing", "link"])
def test_links_are_refused_wherever_they_lead(folder, target):
    (folder / "link").symlink_to(target)
    for name in ("link", "link/hostname"):
        with pytest.raises(DatabaseError, match="link: is a link"):
            within(folder, name)


def test_files_below_have_no_links_among_them(folder):
    (folder / "db" / "a").mkdir()
    (folder / "db" / "a" / "u").touch()
    assert list(files_below(folder, "db")) == ["db/a/u", "db/t.parquet"] and list(files_below(folder, "tasks")) == []
    for place in ("db/a/v", "db/w", "tasks"):
        (folder / place).symlink_to("/etc")
        with pytest.raises(DatabaseError, match=f"{place}: is a link"):
            list(files_below(folder, place.partition("/")[0]))
        (folder / place).unlink()


def test_the_cache_of_the_hub_has_links_to_its_blobs(tmp_path):
    repo = tmp_path / "datasets--org--repo"
    (repo / "blobs").mkdir(parents=True)
    (repo / "blobs" / "0a").write_text("t")
    folder = repo / "snapshots" / "1f" / "shop"
    (folder / "db").mkdir(parents=True)
    (folder / "db" / "t.parquet").symlink_to("../../../../blobs/0a")
    assert within(folder, "db/t.parquet").read_text() == "t"
    (tmp_path / "secret").write_text("secret")
    (repo / "blobs" / "0b").symlink_to(tmp_path / "secret")
    for target in ("../../../../blobs/0b", "../../../../../secret", "../../../../blobs/../../secret"):
        (folder / "db" / "u.parquet").symlink_to(target)
        with pytest.raises(DatabaseError, match="u.parquet: is a link"):
            within(folder, "db/u.parquet")
        (folder / "db" / "u.parquet").unlink()


def test_a_target_is_apart_from_its_source(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    for target, how in ((folder, "is"), (tmp_path / "link", "is"), (tmp_path, "holds"), (folder / "db", "lies in")):
        with pytest.raises(DatabaseError, match=f" {how} .*, which is read"):
            check_apart(folder, target)
    with pytest.raises(DatabaseError, match="lies in"):
        check_apart(folder, tmp_path / "link" / "db" / "new")
    check_apart(folder, tmp_path / "xy")
