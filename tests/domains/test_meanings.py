"""What columns are taken to mean, and the values that they get."""

import numpy as np
import pandas as pd
import pytest

from plurel_prob.declared import Column
from plurel_prob.declared.schema import DeclaredTable
from plurel_prob.domains.columns import domain_of
from plurel_prob.domains.guesses import Guesses, has_room
from plurel_prob.domains.labels import LEAST, flag_rates, label_rates
from plurel_prob.domains.meanings import Meaning, meaning_of, words
from plurel_prob.domains.numbers import Domain
from plurel_prob.domains.records import SOURCES, Records, TextSource
from plurel_prob.domains.texts import TEXTS
from plurel_prob.errors import DatabaseError

pytest.importorskip("faker", reason="the extra sql is not installed")

WINDOW = (18_000, 18_700)
MEANINGS = [
    ("customer", "email", "text", "email"),
    ("Customers", "EMailAddress", "text", "email"),
    ("person", "firstName", "text", "first name"),
    ("customer", "customer_name", "text", "full name"),
    ("supplier", "name", "text", "company"),
    ("products", "name", "text", "product"),
    ("film", "title", "text", "title"),
    ("genre", "name", "text", "category"),
    ("country", "name", "text", "country"),
    ("thing", "name", "text", "title"),
    ("orders", "billing_city", "text", "city"),
    ("customer", "phone2", "text", "phone"),
    ("orders", "status", "text", "status"),
    ("orders", "state", "text", "status"),
    ("review", "body", "text", "paragraph"),
    ("order_items", "unit_price", "decimal", "price"),
    ("orders", "total", "decimal", "amount"),
    ("person", "age", "integer", "age"),
    ("person", "date_of_birth", "date", "birth"),
    ("film", "release_year", "integer", "year"),
    ("item", "qty", "integer", "quantity"),
    ("t", "is_paid", "integer", "flag"),
    ("t", "lat", "float", "latitude"),
    ("t", "page", "text", ""),
    ("t", "page", "integer", ""),
    ("t", "email", "integer", ""),
    ("t", "manager", "date", ""),
]


@pytest.mark.parametrize(("table", "column", "kind", "meaning"), MEANINGS)
def test_meanings(table, column, kind, meaning):
    column = Column(column, kind)
    assert meaning_of(DeclaredTable(table, (column,)), column).name == meaning


def test_names_are_split_into_words():
    assert {words(name) for name in ("unitPrice", "unit_price", "UNIT-PRICE", "UnitPrice", "shop.unit price")} == {"unit price"}
    assert words("HTTPUrl") == "http url" and words("___") == ""


def test_a_state_is_a_place_beside_a_city_and_codes_are_short():
    state, city = Column("state", "text"), Column("city", "text")
    assert meaning_of(DeclaredTable("t", (state, city)), state) == Meaning("state", "")
    short, long = Column("country", "text", length=2), Column("country", "text", length=40)
    found = [meaning_of(DeclaredTable("t", (column,)), column).name for column in (short, long)]
    assert found == ["country code", "country"]


def domains(table: str, columns: list[Column], n_row: int = 50) -> tuple[Guesses, dict[str, Domain]]:
    guesses, records, rng = Guesses(DeclaredTable(table, tuple(columns)), columns, ()), {}, np.random.default_rng(3)
    found = {c.name: domain_of(c, rng, n_row, WINDOW, "x", guess=guesses.guess(c, records, 7)) for c in columns}
    return guesses, found


def test_records_are_the_same_however_many_are_asked_for():
    one, two = (Records(SOURCES["person"], 5) for _ in range(2))
    assert one[400] == [two[k] for k in range(500)][400]
    assert Records(SOURCES["person"], 6)[0] != one[0]
    assert len({two[k][0] for k in range(500)}) == 500


@pytest.mark.parametrize("text", sorted(TEXTS))
def test_texts_differ_and_fit(text):
    length = next(n for n in range(1, 400) if has_room(text, n))
    column = Column("c", "text", length=length)
    source, write = SOURCES[TEXTS[text].source], TEXTS[text].write
    records = Records(source, 1, lambda record: len(write(record)) <= length, length)
    texts = [write(records[k]) for k in range(min(records.size, 300))]
    assert all(texts) and max(map(len, texts)) <= column.length
    if TEXTS[text].is_telling:
        assert len(set(texts)) == len(texts)


def test_a_number_or_syllables_tell_records_apart_where_a_source_has_no_more():
    source = TextSource(lambda fake: (fake.random.choice(["ab", "b"]),))
    records = Records(source, 0, lambda record: len(record[0]) <= 4, 4)
    found = [records[k][0] for k in range(500)]
    assert sorted(found[:2]) == ["ab", "b"] and len(set(found)) == 500 and max(map(len, found)) == 4
    assert sum(text.startswith("b ") for text in found) > 10 and sum(text.isalpha() for text in found) > 100
    few = Records(source, 0, lambda record: len(record[0]) <= 1, 1)
    with pytest.raises(DatabaseError, match="no more than 26 texts such as 'b' of this length"):
        few[26]


def test_texts_of_one_thing_are_of_the_same_records():
    columns = [Column(name, "text", length=60) for name in ("city", "country", "billing_city", "billing_country", "name")]
    guesses, found = domains("shop", columns)
    assert guesses.groups == [["city", "country"], ["billing_city", "billing_country"]]
    place = np.arange(30)
    country_of = {record[0]: record[1] for record in map(Records(SOURCES["place"], 1).__getitem__, range(900))}
    pairs = dict(zip(found["city"].values(place), found["country"].values(place), strict=True))
    assert len(pairs) == 30 and all(country_of.get(city, country) == country for city, country in pairs.items())
    assert sum(city in country_of for city in pairs) > 20
    assert list(found["city"].values(place)) != list(found["billing_city"].values(place))


def test_numbers_are_like_what_they_mean():
    u = (np.arange(2000) + 0.5) / 2000
    columns = [
        Column("price", "decimal", precision=8, scale=2),
        Column("cost", "float"),
        Column("age", "integer"),
        Column("stars", "integer", low=1, high=5),
        Column("rating", "integer", low=0, high=3),
        Column("discount", "decimal", precision=3, scale=2),
        Column("tax_percent", "integer"),
        Column("lat", "float"),
        Column("year", "integer"),
    ]
    _, found = domains("t", columns)
    value = {name: pd.Series(domain.values(domain.spread(u))).astype(float) for name, domain in found.items()}
    assert (value["price"].mul(100).round() % 100 == 99).all() and (value["cost"].mul(100).round() % 100 == 99).all()
    assert value["age"].between(18, 95).all() and 35 < value["age"].median() < 50
    assert sorted(value["stars"].unique()) == [1, 2, 3, 4, 5] and value["stars"].median() >= 4
    assert sorted(value["rating"].unique()) == [0, 1, 2, 3]  # the law of five stars does not fit
    assert value["discount"].between(0, 0.4).all() and (value["discount"] == 0).mean() == pytest.approx(0.4, abs=0.06)
    assert value["tax_percent"].max() == 40
    assert value["lat"].min() < -50 and value["lat"].max() < 66
    assert value["year"].max() <= 1970 + WINDOW[1] // 365


def test_no_label_is_rare():
    rng = np.random.default_rng(0)
    for labels in (["a", "b"], ["new", "cancelled", "done"], [f"label {k}" for k in range(60)]):
        for _ in range(50):
            rate = label_rates(labels, rng)
            assert rate.sum() == pytest.approx(1) and rate.min() >= min(LEAST, 0.5 / len(labels)) * (1 - 1e-9)
    rates = np.array([label_rates(["new", "cancelled", "done"], rng) for _ in range(400)])
    assert rates[:, 1].mean() < rates[:, 0].mean() < rates[:, 2].mean()
    assert min(min(flag_rates(name, rng)) for name in ("is_active", "is_odd") for _ in range(200)) >= LEAST
