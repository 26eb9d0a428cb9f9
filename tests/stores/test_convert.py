"""The command, and folders for Hugging Face."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
import relbench
from cyclopts import App

from plurel_prob.cli.convert import convert
from plurel_prob.databases import observe
from plurel_prob.errors import DatabaseError
from plurel_prob.files import RECORD
from plurel_prob.stores import read_store
from plurel_prob.stores.huggingface import plain_names
from plurel_prob.tasks import write_tasks
from tests.postgres import postgres_url
from tests.stores.databases import emptied, folder_of_everything, plain
from tests.tasks.small import shop

__all__ = ["postgres_url"]  # a fixture


def run(*arguments):
    app = App()
    app.command(convert)
    app(["convert", *map(str, arguments)], exit_on_error=False, print_error=False, result_action="return_value")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_from_one_store_to_the_next(tmp_path, capsys, postgres_url):
    first = folder_of_everything(tmp_path / "first")
    source = first
    for format in ("duckdb", "csv", "postgresql", "parquet", "sqlite", "relbench"):
        target = emptied(postgres_url) if format == "postgresql" else tmp_path / format
        run(source, "--to", format, "--out", target)
        said = capsys.readouterr().out
        assert "2 tables written to" in said
        assert any(all(word in line for word in ("child", "40", "row", "one -> all kinds")) for line in said.splitlines())
        source = target
    before, after = observe(first), observe(tmp_path / "relbench")
    for name, frame in before.tables.items():
        words = {column: [word.replace("-0.0", "0.0") for word in values] for column, values in plain(frame).items()}
        words = {c: [w.removesuffix(".0") if c in before.schema.tables[name].fkeys else w for w in v] for c, v in words.items()}
        assert plain(after.tables[name]) == words


def test_a_folder_in_relbench_format_is_copied_with_its_tasks(tmp_path):
    folder = shop(tmp_path / "shop")
    write_tasks(folder, "autocomplete")
    (folder / "notes.txt").write_text("by hand")
    run(folder, "--to", "relbench", "--out", tmp_path / "copy")
    expected = {name: content for name, content in contents(folder).items() if name != "notes.txt"}
    copied = contents(tmp_path / "copy")
    assert json.loads(copied.pop(RECORD)) == {"files": sorted(expected)} and copied == expected
    run(folder, "--to", "huggingface", "--out", tmp_path / "hub")
    added = {"README.md", "croissant.json", RECORD}
    assert {name: content for name, content in contents(tmp_path / "hub").items() if name not in added} == expected
    assert relbench.load_dataset(tmp_path / "hub").get_task_names() and set(contents(tmp_path / "hub")) == added | set(expected)


def test_bad_input(tmp_path):
    folder = shop(tmp_path / "shop")
    for arguments, message in (
        ((tmp_path / "nothing", "--to", "csv", "--out", tmp_path / "out"), "nothing: no such store"),
        ((folder, "--to", "csv", "--out", tmp_path / "shop"), "shop is .*shop, which is read"),
        ((folder, "--to", "postgresql", "--out", tmp_path / "out"), "needs the URL of a database"),
        ((folder, "--to", "csv", "--out", "postgresql://me@nowhere/x"), "needs a path"),
        ((folder, "--to", "postgresql", "--out", "postgresql://me:secret@/x?host=/nowhere"), "PostgreSQL: "),
    ):
        with pytest.raises(DatabaseError, match=message) as error:
            run(*arguments)
        assert "\n" not in str(error.value) and "secret" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    run(folder_of_everything(folder / "first"), "--to", "huggingface", "--out", folder / "hub")
    return folder / "hub"


def test_croissant_metadata(hub):
    content = json.loads((hub / "croissant.json").read_text())
    for file in content["distribution"]:
        assert hashlib.sha256((hub / file["contentUrl"]).read_bytes()).hexdigest() == file["sha256"]
    records = {record["@id"]: record for record in content["recordSet"]}
    references = {
        (name, field["@id"]): (field["references"]["fileObject"]["@id"], field["references"]["extract"]["column"])
        for name, record in records.items()
        for field in record["field"]
        if "references" in field
    }
    assert references == dict.fromkeys([("child", "child/one"), ("child", "child/other")], ("all_kinds-file", "Key"))
    assert records["all_kinds"]["key"] == {"@id": "all_kinds/Key"}
    kinds = {field["source"]["extract"]["column"]: field["dataType"] for field in records["all_kinds"]["field"]}
    assert (kinds["huge"], kinds["price"], kinds["at"], kinds["is it"]) == ("sc:Integer", "sc:Float", "sc:DateTime", "sc:Boolean")


def test_croissant_for_real(hub):
    mlcroissant = pytest.importorskip("mlcroissant", reason="no mlcroissant: pip install mlcroissant")
    dataset = mlcroissant.Dataset(jsonld=str(hub / "croissant.json"))
    rows = list(dataset.records("child"))
    assert [row["child/one"] for row in rows] == pd.read_parquet(hub / "db" / "child.parquet")["one"].tolist()
    assert len(list(dataset.records("all_kinds"))) == len(pd.read_parquet(hub / "db" / "all kinds.parquet"))


def test_hugging_face_loads_it(hub, monkeypatch, tmp_path):
    datasets = pytest.importorskip("datasets", reason="no datasets: pip install datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    assert datasets.get_dataset_config_names(str(hub)) == ["all_kinds", "child"]
    for config, table in (("all_kinds", "all kinds"), ("child", "child")):
        rows = datasets.load_dataset(str(hub), config, cache_dir=str(tmp_path))["train"]
        frame = pd.read_parquet(hub / "db" / f"{table}.parquet")
        assert rows.num_rows == len(frame) and rows.column_names == list(frame)
    assert rows["one"][:] == frame["one"].tolist()


def test_plain_names_differ():
    assert plain_names(["a b", "a_b", "a/b", "c"]) == {"a b": "a_b", "a_b": "a_b_", "a/b": "a_b__", "c": "c"}


def test_postgresql_in_one_transaction(tmp_path, postgres_url):
    folder, url = shop(tmp_path / "shop"), emptied(postgres_url)
    run(folder, "--to", "postgresql", "--out", url)
    with pytest.raises(DatabaseError, match="table users exists"):
        run(folder, "--to", "postgresql", "--out", url)
    frame = pd.read_parquet(folder / "db" / "users.parquet")
    frame.assign(age=0.0).to_parquet(folder / "db" / "users.parquet", index=False)
    run(folder, "--to", "postgresql", "--out", url, "--overwrite")
    tables, _ = read_store(url)
    assert (tables["users"]["age"] == 0).all() and len(tables["order items"]) == 800
