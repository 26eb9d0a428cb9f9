"""Chinook and Sakila as they are distributed, in four dialects each."""

import os
from functools import cache
from pathlib import Path

import pytest

from plurel_prob.declared import DeclaredSchema, declare_relbench, order_tables, read_ddl
from plurel_prob.declared.dialects import guesses

DIALECTS = ("mysql", "postgresql", "sqlite", "sqlserver")
N_TABLE, N_KEY = {"chinook": 11, "sakila": 16}, {"chinook": 11, "sakila": 22}
RATINGS = ("G", "PG", "PG-13", "R", "NC-17")
FEATURES = ("Trailers", "Commentaries", "Deleted Scenes", "Behind the Scenes")


@pytest.fixture(scope="module")
def data() -> Path:
    folder = os.environ.get("PLUREL_PROB_DATA")
    if folder is None or not (Path(folder) / "ddl").is_dir():
        pytest.skip("PLUREL_PROB_DATA names no folder with ddl/, the schemas of Chinook and Sakila")
    return Path(folder)


def plain(name: str) -> str:
    """A name as all dialects have it, CustomerId and customer_id alike."""
    return name.replace("_", "").lower()


def structure(
    schema: DeclaredSchema,
) -> dict[str, tuple[set[str], tuple[str, ...], set[tuple[tuple[str, ...], str, tuple[str, ...]]]]]:
    """Columns, primary key and foreign keys of each table."""

    def names(columns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(plain, columns))

    return {
        plain(table.name): (
            {plain(column.name) for column in table.columns},
            names(table.primary_key),
            {(names(key.columns), plain(key.parent), names(key.parent_columns)) for key in table.foreign_keys},
        )
        for table in schema.tables
    }


@cache
def schema_of(path: Path) -> DeclaredSchema:
    return read_ddl(path)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ["chinook", "sakila"])
def test_dialects_are_told_from_name_and_text(data: Path, name: str, dialect: str) -> None:
    path = data / "ddl" / f"{name}.{dialect}.sql"
    assert guesses(path, "")[0] == guesses(Path("dump.sql"), path.read_text())[0] == dialect


@pytest.mark.parametrize("name", ["chinook", "sakila"])
def test_dialects_have_the_same_structure(data: Path, name: str) -> None:
    found = {dialect: structure(schema_of(data / "ddl" / f"{name}.{dialect}.sql")) for dialect in DIALECTS}
    if name == "sakila":  # one port searches a column instead of a table, has a flag twice, and lacks the time of a payment
        found["postgresql"]["filmtext"] = found["mysql"]["filmtext"]
        found["postgresql"]["film"][0].remove("fulltext")
        found["postgresql"]["customer"][0].remove("activebool")
        found["postgresql"]["payment"][0].add("lastupdate")
    for tables in found.values():
        assert len(tables) == N_TABLE[name] and sum(len(keys) for _, _, keys in tables.values()) == N_KEY[name]
        assert tables == found["mysql"]


def test_chinook_is_what_its_folder_declares(data: Path) -> None:
    written, folder = structure(schema_of(data / "ddl" / "chinook.sqlite.sql")), structure(declare_relbench(data / "chinook"))
    assert written.keys() == folder.keys()
    keys = {name: {(columns, parent) for columns, parent, _ in table[2]} for name, table in written.items()}
    assert keys == {name: {(columns, parent) for columns, parent, _ in table[2]} for name, table in folder.items()}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_columns_of_sakila(data: Path, dialect: str) -> None:
    schema = schema_of(data / "ddl" / f"sakila.{dialect}.sql")
    film = schema.table("film")
    assert film.column("rating").labels == RATINGS and film.column("rating").default == "G"
    assert (film.column("special_features").labels or FEATURES) == FEATURES  # an array in PostgreSQL, so a text
    rate = film.column("rental_rate")
    assert (rate.kind, rate.precision, rate.scale, rate.default, rate.is_nullable) == ("decimal", 4, 2, "4.99", False)
    year = film.column("release_year")
    assert (year.low, year.high) == (1901.0, 2155.0) if year.kind == "integer" else year.length == 4
    assert schema.table("film_actor").primary_key == ("actor_id", "film_id")
    assert ("rental_date", "inventory_id", "customer_id") in schema.table("rental").unique
    assert schema.table("store").unique == ((("manager_staff_id",),) if dialect != "sqlite" else ())
    assert (schema.table("staff").column("picture").kind) == ("blob")
    assert schema.table("address").line == _line(data / "ddl" / f"sakila.{dialect}.sql", "CREATE TABLE address (")


def _line(path: Path, start: str) -> int:
    return next(i for i, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if line.startswith(start))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_order_of_chinook_and_sakila(data: Path, dialect: str) -> None:
    # an employee's superior is one; each store has a manager, who works in a store, and none of these two keys may be missing
    for name, late in (("chinook", ("employee", "reportsto")), ("sakila", ("staff", "storeid"))):
        schema = schema_of(data / "ddl" / f"{name}.{dialect}.sql")
        names, broken = order_tables(schema)
        assert [(plain(table), *map(plain, key.columns)) for table, key in broken] == [late]
        for table in schema.tables:
            keys = [key for key in table.foreign_keys if (table.name, key) not in broken]
            assert all(names.index(key.parent) < names.index(table.name) for key in keys)
