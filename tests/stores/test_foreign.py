"""What somebody else has put where stores are read and written: it is neither removed, nor copied, nor led out by."""

import json
import shutil

import pandas as pd
import pytest
import yaml

from plurel_prob.databases import observe
from plurel_prob.databases.disk import MANIFEST, column_names
from plurel_prob.declared import declared_of
from plurel_prob.errors import DatabaseError
from plurel_prob.files import RECORD
from plurel_prob.reports.corpus import read_entry
from plurel_prob.stores import read_store, write_store
from plurel_prob.tasks import add_tasks, write_tasks
from plurel_prob.tasks.load import load_task
from plurel_prob.validation import validate
from tests.stores.test_convert import contents, run
from tests.stores.test_odd import NUMBER, ONE
from tests.tasks.small import shop

pytest.importorskip("sqlglot", reason="the extra sql is not installed")
FOLDERS = ("csv", "parquet", "relbench", "huggingface")


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    write_tasks(shop(folder / "shop"), "autocomplete")
    write_store(ONE, NUMBER, folder / "one", "csv")
    return folder


@pytest.mark.parametrize("to", FOLDERS)
def test_our_own_is_overwritten_and_nothing_else(sources, tmp_path, to):
    out = tmp_path / "out"
    run(sources / "one", "--to", to, "--out", out)
    run(sources / "shop", "--to", to, "--out", out, "--overwrite")
    if to in ("relbench", "huggingface"):
        add_tasks(out, "forecast")  # they are noted, too
    for name in ("letter", "tasks/letter", "db/letter", "db/more.parquet", "a.csv"):
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("precious")
        with pytest.raises(DatabaseError, match="no folder of tables alone: .* was not written"):
            run(sources / "one", "--to", to, "--out", out, "--overwrite")
        assert (out / name).read_text() == "precious"
        (out / name).unlink()
    for name in ("db", "tasks"):
        if not any((out / name).iterdir()):
            (out / name).rmdir()
    run(sources / "one", "--to", to, "--out", out, "--overwrite")
    assert not (out / "tasks").exists() and list(read_store(out)[0]) == ["t"]


@pytest.mark.parametrize("to", FOLDERS)
def test_tables_of_others_stay(sources, tmp_path, to):
    out = tmp_path / "out"
    shutil.copytree(sources / "shop", out)
    (out / "a.csv").write_text("precious")
    before = contents(out)
    with pytest.raises(DatabaseError, match="out is no folder of tables that has a list"):
        run(sources / "one", "--to", to, "--out", out, "--overwrite")
    assert contents(out) == before


@pytest.mark.parametrize("to", ["sqlite", "duckdb"])
def test_files_of_others_stay(sources, tmp_path, to):
    out = tmp_path / "out"
    out.write_text("precious")
    with pytest.raises(DatabaseError, match="out is no SQLite or DuckDB file"):
        run(sources / "one", "--to", to, "--out", out, "--overwrite")
    assert out.read_text() == "precious"
    out.write_text("")
    run(sources / "one", "--to", to, "--out", out, "--overwrite")
    run(sources / "one", "--to", to, "--out", out, "--overwrite")
    for ending in ("-journal", "-wal", ".wal"):
        journal = tmp_path / f"out{ending}"
        journal.write_text("precious")
        before = out.read_bytes()
        with pytest.raises(DatabaseError, match=f"out{ending} is left of another database"):
            run(sources / "one", "--to", to, "--out", out, "--overwrite")
        assert journal.read_text() == "precious" and out.read_bytes() == before
        journal.unlink()
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("to", [*FOLDERS, "sqlite"])
@pytest.mark.parametrize("where", ["", "db", "db/x", "new/er", ".."])
def test_a_source_is_no_target(sources, tmp_path, to, where):
    source = shutil.copytree(sources / "shop", tmp_path / "a" / "shop")
    before = contents(tmp_path)
    for options in ([], ["--overwrite"]):
        with pytest.raises(DatabaseError, match="shop.*, which is read; choose another place"):
            run(source, "--to", to, "--out", source / where, *options)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "link", ["db", "tasks", "db/users.parquet", "db/more.parquet", MANIFEST, "tasks/users-age/manifest.yaml"]
)
def test_links_are_not_copied(sources, tmp_path, link):
    folder = shutil.copytree(sources / "shop", tmp_path / "shop")
    path = folder / link
    (path.rename if path.exists() else (lambda _: None))(tmp_path / "elsewhere")
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(tmp_path / "elsewhere" if (tmp_path / "elsewhere").exists() else "/etc/hostname")
    for to in ("relbench", "huggingface"):
        with pytest.raises(DatabaseError, match=f"{link}: is a link, which is not followed"):
            run(folder, "--to", to, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_table_lies_outside(sources, tmp_path):
    folder = shutil.copytree(sources / "shop", tmp_path / "shop")
    (tmp_path / "secret.parquet").write_bytes((folder / "db" / "users.parquet").read_bytes())
    for name in ("../../secret", str(tmp_path / "secret"), "../db/users", "a/b"):
        manifest = yaml.safe_load((sources / "shop" / MANIFEST).read_text())
        manifest["tables"] = {name: {"pkey": None, "time_col": None, "fkeys": {}}}
        (folder / MANIFEST).write_text(yaml.safe_dump(manifest))
        for read in (observe, read_store, declared_of, add_tasks, read_entry, lambda path, n=name: column_names(path, n)):
            with pytest.raises(DatabaseError, match="is no name of a table, whose file lies in db/"):
                read(folder)
        found = validate(folder)
        assert any(problem.rule == "table-file" and "no name of a table" in problem.message for problem in found)


def test_no_link_is_read(sources, tmp_path):
    folder = shutil.copytree(sources / "shop", tmp_path / "shop")
    (folder / "db" / "users.parquet").rename(tmp_path / "secret")
    (folder / "db" / "users.parquet").symlink_to(tmp_path / "secret")
    for read in (observe, read_store, declared_of, add_tasks, read_entry, lambda path: column_names(path, "users")):
        with pytest.raises(DatabaseError, match="users.parquet: is a link"):
            read(folder)
    assert any(problem.rule == "table-file" and "is a link" in problem.message for problem in validate(folder))
    shutil.copytree(sources / "one", tmp_path / "one")
    (tmp_path / "one" / "t.csv").rename(tmp_path / "t")
    (tmp_path / "one" / "t.csv").symlink_to(tmp_path / "t")
    with pytest.raises(DatabaseError, match="t.csv: is a link"):
        read_store(tmp_path / "one")


def test_tasks_are_read_within_their_folder(tmp_path):
    folder = shop(tmp_path / "shop")
    name = next(task.manifest.name for task in write_tasks(folder, "forecast") if task.manifest.task_type == "regression")
    load_task(folder, name)
    for other in (f"../tasks/{name}", str(folder / "tasks" / name), ""):
        with pytest.raises(DatabaseError, match="is no name of a file in this folder"):
            load_task(folder, other)
    for link in (f"tasks/{name}/val.parquet", f"tasks/{name}/manifest.yaml", MANIFEST, "db/users.parquet", f"tasks/{name}"):
        (folder / link).rename(tmp_path / "elsewhere")
        (folder / link).symlink_to(tmp_path / "elsewhere")
        with pytest.raises(DatabaseError, match=f"{link}: is a link"):
            load_task(folder, name)
        if link.startswith("tasks/"):
            assert any("is a link" in problem.message for problem in validate(folder))
        (folder / link).unlink()
        (tmp_path / "elsewhere").rename(folder / link)
    load_task(folder, name)


def test_tasks_are_not_written_through_a_link(sources, tmp_path):
    folder = shop(tmp_path / "shop")
    (tmp_path / "elsewhere").mkdir()
    (folder / "tasks").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DatabaseError, match="tasks: is a link"):
        add_tasks(folder)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_list_names_all_files(sources, tmp_path):
    run(sources / "shop", "--to", "huggingface", "--out", tmp_path / "hub")
    listed = json.loads((tmp_path / "hub" / RECORD).read_text())["files"]
    assert set(listed) == set(contents(tmp_path / "hub")) - {RECORD}
    assert pd.read_parquet(tmp_path / "hub" / "db" / "users.parquet").shape[0] > 0
