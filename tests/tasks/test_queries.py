import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from plurel_prob import DatabaseError
from plurel_prob.queries import locked, select
from plurel_prob.tasks.load import load_task
from plurel_prob.tasks.split import SPLITS
from plurel_prob.tasks.write import write_tasks
from tests.tasks.small import shop

HIDDEN = pd.DataFrame({"password": ["rosebud"]})  # what a query must not find among variables
# {here} is a folder with a file note.txt
REFUSED = [
    "COPY (SELECT 1) TO '{here}/new.txt'",
    "COPY (SELECT content FROM read_text('{here}/note.txt')) TO '{here}/new.txt'; SELECT 1 AS a",
    "SELECT 1 AS a; COPY rows TO '{here}/new.txt'",
    "ATTACH '{here}/new.db' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "EXPORT DATABASE '{here}/new'",
    "CREATE TABLE other AS SELECT 1 AS a",
    "INSERT INTO rows VALUES (4)",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "EXPLAIN ANALYZE COPY rows TO '{here}/new.txt'",
    "SELECT * FROM read_text('{here}/note.txt')",
    "SELECT * FROM read_csv('{here}/note.txt')",
    "SELECT * FROM read_csv('http://localhost:1/x.csv')",
    "SELECT * FROM read_parquet('{here}/rows.parquet')",
    "FROM '{here}/rows.parquet'",
    "SELECT * FROM glob('{here}/*')",
    "SELECT * FROM sniff_csv('{here}/note.txt')",
    "SELECT * FROM query('COPY rows TO ''{here}/new.txt''')",
    "SELECT * FROM enable_logging(storage = 'file', storage_path = '{here}/log')",
    "SELECT * FROM enable_profiling(save_location = '{here}/profile.json')",
    "SELECT getenv('HOME')",
    "SELECT * FROM HIDDEN",
    "SELECT * FROM frame",
    "",
    "-- nothing",
    "SELEC",
    "SELECT ?",
    None,
    3,
]


@pytest.mark.parametrize("sql", REFUSED)
def test_a_query_reaches_nothing_but_its_tables(sql, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.txt").write_text("a,b\n1,2\n")
    frame = pd.DataFrame({"a": [1, 2, 3]})
    frame.to_parquet("rows.parquet")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*")}
    with locked({"rows": frame}) as connection:
        with pytest.raises(DatabaseError, match=r"^here: (must be one SELECT|cannot be run)") as error:
            select(connection, sql.format(here=tmp_path) if isinstance(sql, str) else sql, "here")
        assert "\n" not in str(error.value)
        assert select(connection, "SELECT sum(a) AS n FROM rows", "here").n.tolist() == [6]
        with pytest.raises(Exception, match="locked"):
            connection.execute("SET enable_external_access = true")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("name", ["rows", "two words", 'quo"te', "x.csv", "frame", "sqlite_master", "{timedelta}", "a.b"])
def test_a_query_finds_tables_by_their_names(name):
    frame = pd.DataFrame({'a "b"': pd.array([1, None], "Int64"), "t": pd.Timestamp("2020-01-01")})
    quoted = name.replace('"', '""')
    with locked({name: frame}) as connection:
        found = select(connection, f'SELECT "a ""b""", t FROM "{quoted}"', "here")
    assert found.iloc[:, 0].isna().tolist() == [False, True] and len(found) == 2


def test_a_query_that_does_not_end_is_stopped():
    with locked({}) as connection, pytest.raises(DatabaseError, match="here: stopped after 0.2 s"):
        select(connection, "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", "here", 0.2)


def test_too_many_rows_are_an_error(monkeypatch):
    monkeypatch.setattr("plurel_prob.queries.MAX_ROW", 10)
    with locked({}) as connection:
        assert len(select(connection, "SELECT * FROM range(10)", "here")) == 10
        with pytest.raises(DatabaseError, match="here: makes more than 10 rows"):
            select(connection, "SELECT * FROM range(11)", "here")


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = shop(tmp_path_factory.mktemp("written") / "shop", 300)
    write_tasks(folder)
    return folder


@pytest.fixture
def folder(written, tmp_path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "shop"))


def edit(path: Path, **fields: object) -> None:
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8")) | fields), encoding="utf-8")


COUNT, VALUE, LARGE = "users-order_items-buyer-count", "order_items-value", "order_items-is_large"


def without_files(folder: Path, task: str, **fields: object) -> Path:
    for split in SPLITS:
        (folder / "tasks" / task / f"{split}.parquet").unlink(missing_ok=True)
    edit(folder / "tasks" / task / "manifest.yaml", **fields)
    return folder


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '{here}/new.txt'; SELECT * FROM users",
        "SELECT content FROM read_text('/etc/hostname')",
        "SELECT 1 AS other",
    ],
)
def test_the_sql_of_a_task_is_locked_in(sql, folder, tmp_path):
    without_files(folder, COUNT, sql=sql.format(here=tmp_path))
    with pytest.raises(DatabaseError, match=f"{COUNT}/manifest.yaml: sql: "):  # a regression: labels are needed at once
        load_task(folder, COUNT)
    edit(folder / "tasks" / COUNT / "manifest.yaml", task_type="binary_classification")
    task = load_task(folder, COUNT)
    with pytest.raises(DatabaseError, match=f"{COUNT}/manifest.yaml: sql: "):
        task.get_table("val")
    assert {path.name for path in tmp_path.iterdir()} == {"shop"}


def rename(folder: Path, old: str, new: str) -> None:
    path = folder / "db" / "order items.parquet"
    pd.read_parquet(path).rename(columns={old: new}).to_parquet(path, index=False)


@pytest.mark.parametrize("name", ["two words", 'quo"te', "select", "x FROM entity; COPY entity TO 'new.txt'; SELECT 1 AS x --"])
def test_names_of_completed_columns_are_no_sql(name, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = {split: load_task(folder, VALUE).get_table(split, False).df for split in SPLITS}
    rename(folder, "value", name)
    without_files(folder, VALUE, target_col=name)
    task = load_task(folder, VALUE)
    for split, labels in expected.items():
        found = task.get_table(split, False).df
        pd.testing.assert_frame_equal(found, labels.rename(columns={"value": name}), check_exact=True)
    assert {path.name for path in tmp_path.iterdir()} == {"shop"}


@pytest.mark.parametrize("task", [COUNT, LARGE])
def test_the_name_of_a_time_is_no_expression(task, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "@pd.io.common.os.system('touch new.txt')"
    rename(folder, "at", name)
    manifest = yaml.safe_load((folder / "manifest.yaml").read_text())
    manifest["tables"]["order items"]["time_col"] = name
    edit(folder / "manifest.yaml", **manifest)
    with pytest.raises(DatabaseError, match=r"shop/manifest.yaml: RelBench needs another name for the time column"):
        load_task(folder, task)
    assert {path.name for path in tmp_path.iterdir()} == {"shop"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"timedelta": "1 ns"}, "windows of a minute"),
        ({"timedelta": "-7 days"}, "windows of a minute"),
        ({"timedelta": "1000 days"}, "cannot be used: timedelta cannot be larger"),
        ({"timedelta": "soon"}, "cannot be used"),
        ({"num_eval_timestamps": 10**30}, "an integer of more than 64 bits"),
        ({"entity_table": "nothing"}, "labels cannot be made"),
        ({"entity_col": "nobody"}, "makes no column nobody"),
        ({"sql": 3}, "sql must be text"),
        (
            {
                "task_type": "recommendation",
                **dict.fromkeys(f"{end}_entity_{x}" for end in ("src", "dst") for x in ("table", "col")),
            },
            "",
        ),
    ],
)
def test_tasks_that_cannot_be_loaded_are_an_error(fields, message, folder):
    with pytest.raises(DatabaseError, match=f"{COUNT}/manifest.yaml: .*{message}"):
        task = load_task(without_files(folder, COUNT, **fields), COUNT)
        for split in SPLITS:
            task.get_table(split)


def test_a_folder_of_the_same_name_elsewhere_is_no_task(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folder / "tasks" / LARGE, tmp_path / COUNT)
    assert load_task(folder, COUNT).kind == "forecast"
