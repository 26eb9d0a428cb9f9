"""Names that stores, disks, SQL or drivers take for something else."""

import pandas as pd
import pytest

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey
from plurel_prob.drawing import save
from plurel_prob.drawing.draw import DeclaredDatabase
from plurel_prob.errors import DatabaseError
from plurel_prob.priors import Prior
from plurel_prob.stores import duckdb_file, read_store, write_store
from tests.postgres import postgres_url  # noqa: F401
from tests.stores.databases import connected, emptied
from tests.stores.test_convert import contents, run
from tests.tasks.small import shop

pytest.importorskip("sqlglot", reason="the extra sql is not installed")
FOLDERS = ("csv", "parquet", "relbench", "huggingface")


def of_names(*names):
    """Tables of these names, with a column of that name, and two rows each."""
    tables = {name: pd.DataFrame({"id": [1, 2], name: ["a", "b"]}) for name in names}
    columns = [(Column("id", "integer", False, bits=64), Column(name, "text", False)) for name in names]
    return tables, DeclaredSchema(tuple(DeclaredTable(n, c, ("id",)) for n, c in zip(names, columns, strict=True)), "names")


def test_tables_called_as_the_rows_that_are_inserted(tmp_path):
    names = (duckdb_file.ROWS, f"{duckdb_file.ROWS.upper()}_", "main", "temp", "memory")
    tables, declared = of_names(*names)
    for file in ("x", "main", "temp"):
        write_store(tables, declared, tmp_path / f"{file}.duckdb", "duckdb")
        found, _ = read_store(tmp_path / f"{file}.duckdb")
        assert {name: found[name][name].tolist() for name in found} == dict.fromkeys(names, ["a", "b"])


@pytest.mark.parametrize("format", FOLDERS)
@pytest.mark.parametrize("names", [("a\\b",), ("nul",), ("x" * 252,), ("Events", "events")])
def test_nothing_is_written_where_a_table_has_no_file(tmp_path, names, format):
    told = []
    tables, declared = of_names(*names)
    with pytest.raises(DatabaseError, match="names: tables? .* file"):
        write_store(tables, declared, tmp_path / "out" / "store", format, on_table=told.append)
    if format == "relbench":
        window = (pd.Timestamp("2020-01-01"), pd.Timestamp("2021-01-01"))
        with pytest.raises(DatabaseError, match="names: tables? .* file"):
            save(DeclaredDatabase(tables, declared, 0, Prior(), window), tmp_path / "out" / "store")
    assert not told and not (tmp_path / "out").exists()


@pytest.mark.parametrize("format", ["sqlite", "duckdb"])
def test_databases_that_do_not_tell_letters_case(tmp_path, format):
    with pytest.raises(DatabaseError, match=f"{format} takes the tables Events and events for one"):
        write_store(*of_names("Events", "events"), tmp_path / "store", format)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_only_some_disks_can_keep_is_not_copied(tmp_path):
    folder = shop(tmp_path / "shop")
    manifest = (folder / "manifest.yaml").read_text(encoding="utf-8")
    (folder / "db" / "users.parquet").rename(folder / "db" / "aux.parquet")
    (folder / "manifest.yaml").write_text(manifest.replace("users", "aux"), encoding="utf-8")
    before = contents(tmp_path)
    for to in ("relbench", "huggingface"):
        with pytest.raises(DatabaseError, match="shop: table .aux. cannot be the name of a file"):
            run(folder, "--to", to, "--out", tmp_path / "out")
    assert contents(tmp_path) == before


MARKED = ("%(a)s", "%", "f(x)", "))((", "50%%", "%s %b", ":x", "{0}", 'a"%(q)s', "a.b")


def test_names_with_marks_of_parameters(tmp_path, postgres_url):  # noqa: F811
    """In names of tables, columns, enumerations, their labels, keys and defaults, written twice and read."""
    tables, declared = {}, []
    for name in MARKED:
        mood = Column(f"{name} ", "category", False, labels=(name, "%(other)s"), default=name)
        own = (Column(name, "integer", False, bits=64), mood)
        refers = (ForeignKey((name,), MARKED[0], (MARKED[0],)),) if name != MARKED[0] else ()
        declared.append(DeclaredTable(name, own, (name,), ((mood.name, name),), refers))
        tables[name] = pd.DataFrame({name: [1, 2], mood.name: [name, "%(other)s"]})
    schema, url = DeclaredSchema(tuple(declared), "marked"), emptied(postgres_url)
    for overwrite in (False, True):
        write_store(tables, schema, url, "postgresql", overwrite=overwrite)
        found, back = read_store(url)
        assert {name: found[name][f"{name} "].tolist() for name in MARKED} == {name: [name, "%(other)s"] for name in MARKED}
        labels = {name: back.table(name).column(f"{name} ").labels for name in MARKED}
        assert labels == {name: (name, "%(other)s") for name in MARKED}


def test_tables_and_columns_that_differ_in_case_only_are_not_read_as_one(postgres_url):  # noqa: F811
    url = emptied(postgres_url)
    with connected(url) as connection:
        connection.execute('CREATE TABLE "Events" (id int); CREATE TABLE events (id int)')
    with pytest.raises(DatabaseError, match="events is the name of two tables but for letters' case"):
        read_store(url)
    with connected(emptied(url)) as connection:
        connection.execute('CREATE TABLE events ("Id" int, id int)')
    with pytest.raises(DatabaseError, match="table events: id is the name of two columns but for letters' case"):
        read_store(url)
