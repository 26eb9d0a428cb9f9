"""Commands that look at databases of every kind, change them, and print JSON for machines."""

import json

import networkx as nx
import pandas as pd
import pytest

import plurel_prob
from plurel_prob.cli.run import run
from plurel_prob.stores import read_database
from plurel_prob.tasks.load import load_task
from tests.models.tiny import COMPACT
from tests.reports.small import write_shop


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A small drawn database with tasks, and the same as a SQLite file."""
    folder = tmp_path_factory.mktemp("looking")
    assert run(["sample", "--seed", "3", "--prior", str(COMPACT), "--tasks", "--out", str(folder)]) == 0
    assert run(["convert", str(folder / "plurel-3"), "--to", "sqlite", "--out", str(folder / "three.sqlite")]) == 0
    return folder


def printed(capsys, *arguments, code=0):
    """What a command prints as JSON."""
    capsys.readouterr()
    assert run([*map(str, arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def shown(capsys, *arguments):
    capsys.readouterr()
    assert run([*map(str, arguments)]) == 0
    return capsys.readouterr().out


def refused(capsys, *arguments):
    capsys.readouterr()
    assert run([*map(str, arguments)]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("name", ["plurel-3", "three.sqlite"])
def test_a_folder_and_a_store_are_described_alike(drawn, capsys, name):
    real = plurel_prob.load(drawn / "plurel-3")
    found = printed(capsys, "describe", drawn / name, "--all")
    assert {table: of["rows"] for table, of in found["tables"].items()} == {t: len(frame) for t, frame in real.tables.items()}
    assert {(t, k, p) for t, of in found["tables"].items() for k, p in of["foreign_keys"].items()} == {*real.schema.foreign_keys}
    assert found["cells"] == real.n_cell
    for table, of in found["tables"].items():
        for column, figures in of["values"].items():
            assert figures["distinct"] == real.tables[table][column].nunique(), (table, column)
    assert (found["seed"], bool(found["tasks"])) == ((3, True) if name == "plurel-3" else (None, False))
    text = shown(capsys, "describe", drawn / name, "--table", "table_0")
    assert "feature_0" in text and "table_1" in text and f"{real.n_cell:,} cells" in text


def test_of_a_store_the_note_beside_it_says_how_it_was_drawn(drawn, capsys, tmp_path):
    store = tmp_path / "copy.sqlite"
    store.write_bytes((drawn / "three.sqlite").read_bytes())
    (tmp_path / "copy.sqlite.plurel_prob.json").write_text('{"model": "compact", "seed": 7, "fingerprint": "x"}')
    found = printed(capsys, "describe", store)
    assert (found["prior"], found["seed"]) == ("compact", 7)
    assert "drawn from the prior compact, seed 7" in shown(capsys, "describe", store)


def test_a_store_is_read_with_its_keys(drawn):
    real, read = plurel_prob.load(drawn / "plurel-3"), read_database(drawn / "three.sqlite")
    assert read.schema.foreign_keys == real.schema.foreign_keys and not read.is_drawn
    for child, key, _ in real.schema.foreign_keys:
        assert sorted(read.parent_row(child, key)) == sorted(real.parent_row(child, key))


def test_what_there_is_not_is_named(drawn, capsys, tmp_path):
    assert "--table tabel_0: plurel-3 has no such table; it has table_0" in refused(
        capsys, "describe", drawn / "plurel-3", "--table", "tabel_0"
    )
    assert "is a folder of databases; give one" in refused(capsys, "describe", drawn)
    assert "no such file or folder" in refused(capsys, "describe", tmp_path / "nowhere")
    assert "to download it, stanford-star/relbench-v1/rel-f1" in refused(capsys, "describe", "rel-f1")
    for command in ("tasks", "validate"):
        assert "--to relbench --out FOLDER" in refused(capsys, command, drawn / "three.sqlite")
    (tmp_path / "text.txt").write_text("nothing")
    assert "is no SQLite or DuckDB file" in refused(capsys, "describe", tmp_path / "text.txt")


def test_do_writes_what_follows_with_the_graph(drawn, capsys, tmp_path):
    before, out = plurel_prob.load(drawn / "plurel-3"), tmp_path / "set"
    graph = before.causal_graph()
    kept = {f"{t}.{c}" for t, table in before.schema.tables.items() for c, kind in table.columns.items() if kind == "numerical"}
    cause = max(sorted(kept), key=lambda name: len(nx.descendants(graph, name)))
    table, column = cause.split(".")
    value = before.tables[table][column].median()
    found = printed(capsys, "do", drawn / "plurel-3", "--set", f"{cause}={value}", "--out", out)
    changed = {change["column"] for change in found["changed"]}
    assert cause in changed and changed <= {cause, *nx.descendants(graph, cause)}
    after = plurel_prob.load(out)
    assert after.by_hand == (cause,) and after.tables[table][column].dropna().sub(value).abs().max() < 1e-3 * max(1, abs(value))
    assert {*nx.read_graphml(out / "causal_graph.graphml").nodes} == {*graph.nodes}
    assert run(["verify", str(out), "--redraw", "0"]) == 0
    text = refused(capsys, "do", drawn / "plurel-3", "--set", f"{cause}={value}", "--out", out)
    assert "exists; choose another place, or overwrite it" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "say which columns are changed"),
        (["--set", "table_0"], "needs TABLE.COLUMN=VALUE"),
        (["--set", "table_0.feature_0=1", "--shift", "table_0.feature_0=1"], "is there twice"),
        (["--shift", "{number}=much"], "'much' is no number"),
        (["--shift", "{number}=inf"], "'inf' is no number"),
        (["--set", "{number}=nan"], "'nan' is no number"),
        (["--shift", "{category}=1"], "the column has no numbers, but is categorical"),
        (["--set", "table_0.row_idx=1"], "is a key or a time"),
        (["--set", "table_0.nothing=1"], "table_0.nothing"),
    ],
)
def test_do_says_what_is_wrong(drawn, capsys, tmp_path, options, message):
    tables = plurel_prob.load(drawn / "plurel-3").schema.tables
    of_kind = {kind: f"{t}.{c}" for t, table in tables.items() for c, kind in table.columns.items()}
    options = [text.format(number=of_kind["numerical"], category=of_kind["categorical"]) for text in options]
    assert message in refused(capsys, "do", drawn / "plurel-3", "--out", tmp_path / "out", *options)
    assert not (tmp_path / "out").exists()


def test_tasks_are_listed_and_a_graph_is_of_some_tables(drawn, capsys, tmp_path):
    names = {path.parent.name for path in (drawn / "plurel-3" / "tasks").glob("*/manifest.yaml")}
    assert {task["name"] for task in printed(capsys, "tasks", drawn / "plurel-3", "--list")} == names
    text = shown(capsys, "tasks", drawn / "plurel-3", "--list")
    assert all(name in text for name in names)
    suggested = load_task(drawn / "plurel-3", text.split("--task")[1].split()[0])  # refuses what cannot be predicted
    assert suggested.task_type.value in ("binary_classification", "regression")
    assert run(["graph", str(drawn / "plurel-3"), "--table", "table_1", "--out", str(tmp_path / "one.graphml")]) == 0
    assert {node.split(".")[0] for node in nx.read_graphml(tmp_path / "one.graphml")} == {"table_1"}


def test_commands_print_json(drawn, capsys, tmp_path):
    folder = drawn / "plurel-3"
    assert printed(capsys, "validate", folder) == []
    assert printed(capsys, "verify", folder, "--redraw", "0")["wrong"] == {}
    score = printed(capsys, "score", folder)
    assert score["total"] == pytest.approx(sum(score["stage"].values()), rel=1e-6)
    [summary] = printed(capsys, "sample", "--seed", "4", "--prior", COMPACT, "--out", tmp_path)["drawn"]
    assert summary["seed"] == 4 and summary["rows"] > 0
    assert printed(capsys, "convert", folder, "--to", "csv", "--out", tmp_path / "csv")["problems"] == []
    (folder / "db" / "table_0.parquet").rename(folder / "db" / "away.parquet")
    try:
        assert printed(capsys, "verify", folder, "--redraw", "0", code=1)["wrong"]["plurel-3"]
        assert printed(capsys, "validate", folder, code=1)[0]["rule"]
    finally:
        (folder / "db" / "away.parquet").rename(folder / "db" / "table_0.parquet")


def test_doctor_finds_this_installation_well(capsys):
    found = printed(capsys, "doctor")
    assert found["plurel-prob"].startswith(plurel_prob.__version__) and "sql" in found["extras"]
    assert all(test["problem"] is None for test in found["tests"].values()) and len(found["tests"]) >= 4


def test_numbers_are_not_cut_where_nobody_looks(drawn, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    text = shown(capsys, "score", drawn / "plurel-3")
    assert "…" not in text and f"{plurel_prob.log_density(plurel_prob.load(drawn / 'plurel-3')).total:,.2f}" in text


def test_a_table_is_described_whatever_its_columns(tmp_path, capsys):
    shop = write_shop(tmp_path / "[bold]shop")
    frame = pd.read_parquet(shop / "db" / "users.parquet")
    more = {"list": [[1, 2]] * len(frame), "nothing": [None] * len(frame), "at": pd.Timestamp("2020-01-01", tz="UTC")}
    frame.assign(**more).to_parquet(shop / "db" / "users.parquet")
    text = shown(capsys, "describe", shop, "--all")
    assert "[bold]shop: not drawn by this program" in text and "all missing" in text and "<i>orders" in text
    values = printed(capsys, "describe", shop, "--all")["tables"]["users"]["values"]
    assert values["nothing"]["missing"] == 1 and values["list"]["distinct"] == 1
