from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from plurel_prob import get_prior
from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey
from plurel_prob.drawing.counts import row_counts
from plurel_prob.drawing.plan import plan_of
from plurel_prob.drawing.rows import matching, uniform
from plurel_prob.errors import DatabaseError
from tests.drawing.made_up import drawn, parsed

FAILURE_RATE = 1e-6


def test_rows_that_agree_have_the_same_chance():
    there = [np.array([5, 5, 5, 6, -2]), np.array([1, 1, 1, 1, 1])]
    shared = [np.array([5] * 30_000 + [6, 7, -1]), np.ones(30_003, np.int64)]
    rows = matching(shared, there, np.random.default_rng(0).random(30_003))
    assert rows[-3:].tolist() == [3, -1, -1]
    assert chisquare([Counter(rows[:30_000].tolist())[i] for i in range(3)]).pvalue > FAILURE_RATE


def test_rows_of_a_key_to_its_own_table_are_earlier():
    schema = parsed("CREATE TABLE a (id INTEGER PRIMARY KEY, up INTEGER NOT NULL REFERENCES a)")
    found = np.array([drawn(schema, seed, {"a": 4})["a"].up for seed in range(120)]) - 1
    assert (found[:, 0] == 0).all() and (found[:, 1] == 0).all()
    assert chisquare(np.bincount(found[:, 3], minlength=3)).pvalue > FAILURE_RATE


def test_scores_are_cut_off():
    place = uniform(np.array([*np.random.default_rng(0).normal(size=1000), 1e12]))
    assert 0.2 < np.quantile(place, 0.25) < 0.3 and place.max() <= 1


def shop(**person) -> DeclaredSchema:
    code = Column("code", "text", False, length=1)
    identity, boss, country = (
        Column(name, kind, name == "boss") for name, kind in [("id", "integer"), ("boss", "integer"), ("country", "text")]
    )
    keys = (ForeignKey(("boss",), "person", ("id",)), ForeignKey(("country",), "country", ("code",)))
    flags = (Column("a", "boolean", False), Column("b", "category", False, labels=("x", "y", "z")))
    return DeclaredSchema(
        (
            DeclaredTable("person", (identity, boss, country), ("id",), foreign_keys=keys, **person),
            DeclaredTable("country", (code, *flags), ("code",), (("a", "b"),), line=7),
        ),
        "shop.sql",
    )


def test_a_plan_sorts_tables_keys_and_columns():
    country, person = plan_of(shop()).tables
    assert (country.table.name, person.table.name) == ("country", "person")
    assert (person.linked, person.joined, person.inner, person.late) == ((1,), (), (0,), ())
    assert [column.name for column in (*country.features, *country.counted, *person.features, *person.counted)] == [
        "a",
        "b",
        "code",
        "id",
    ]


def test_numbers_of_rows_are_those_that_there_is_room_for():
    plan, prior = plan_of(shop()), get_prior("plurel")
    country, person = row_counts(plan, prior, {}, 0, (0, 100))
    assert country == 3 and 2000 <= person <= 5000
    assert row_counts(plan, prior, {"country": 6, "person": 12}, 0, (0, 100)) == [6, 12]
    with pytest.raises(DatabaseError, match=r"--rows country=7: shop.sql: country.\(a, b\) is unique, with 6 different values"):
        row_counts(plan, prior, {"country": 7}, 0, (0, 100))
    with pytest.raises(DatabaseError, match="--rows countri=7: there is no such table; there are country, person"):
        row_counts(plan, prior, {"countri": 7}, 0, (0, 100))


def test_numbers_of_rows_follow_from_those_that_are_asked_for_of_parents():
    one, other = Column("id", "integer", False), Column("one", "integer", False)
    key = ForeignKey(("one",), "one", ("id",))
    tables = DeclaredTable("one", (one,), ("id",)), DeclaredTable("many", (one, other), ("id",), foreign_keys=(key,))
    plan, prior = plan_of(DeclaredSchema(tables, "shop.sql")), get_prior("realistic")
    few, many = (np.array([row_counts(plan, prior, {"one": n}, seed, (0, 100)) for seed in range(40)]).T for n in (30, 3000))
    assert (few[0] == 30).all() and (many[0] == 3000).all()
    ratio, sigma = prior.schema.row_ratio, prior.schema.row_sigma
    # medians of 40 are log-normal, nearly, with a deviation of 1.25 sigma / sqrt(40): at most five of them away
    for n, found in ((30, few[1]), (3000, many[1])):
        assert abs(np.log(np.median(found) / (ratio * n))) < 5 * 1.25 * sigma / np.sqrt(40)
    assert np.median(many[1]) > 5 * np.median(few[1])
