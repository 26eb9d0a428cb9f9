from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare

from plurel_prob import get_prior
from plurel_prob.databases import DatabaseError
from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey
from plurel_prob.declared.drawing.counts import row_counts
from plurel_prob.declared.drawing.distinct import distinct, is_first, ranked
from plurel_prob.declared.drawing.links import joined_parents
from plurel_prob.declared.drawing.plan import late_parents, plan_of

FAILURE_RATE = 1e-6


@pytest.mark.parametrize("seed", range(20))
def test_rows_are_told_apart(seed):
    rng = np.random.default_rng(seed)
    sizes = [int(n) for n in rng.integers(2, 9, rng.integers(1, 4))]
    n = int(rng.integers(1, np.prod(sizes) + 1))
    parts = [np.minimum(rng.integers(0, size, n), rng.integers(0, size, n)) for size in sizes]
    found = distinct(parts, sizes, [True] * len(sizes), rng)
    assert found is not None and len(set(zip(*found, strict=True))) == n
    assert all((part >= 0).all() and (part < size).all() for part, size in zip(found, sizes, strict=True))
    first = is_first(parts)
    assert first.tolist() == [row not in rows[:i] for rows in [list(zip(*parts, strict=True))] for i, row in enumerate(rows)]
    for part, before in zip(found, parts, strict=True):
        assert (part[first] == before[first]).all()


def test_parts_that_cannot_move_stay_and_what_is_impossible_is_found_out():
    rng = np.random.default_rng(0)
    fixed, free = np.repeat(np.arange(3), 4), np.zeros(12, np.int64)
    found = distinct([fixed, free], [3, 4], [False, True], rng)
    assert (
        found is not None and (found[0] == fixed).all() and [sorted(found[1][fixed == k]) for k in range(3)] == [[0, 1, 2, 3]] * 3
    )
    assert distinct([fixed, free], [3, 3], [False, True], rng) is None
    assert distinct([fixed], [3], [False], rng) is None


def test_ranks_are_different_and_in_order():
    place = np.random.default_rng(0).integers(0, 5, 200) + np.random.default_rng(1).random(200)
    for size in (200, 333, 2**40):
        found = ranked(place, size)
        assert len(np.unique(found)) == 200 and found.max() < size and (np.argsort(found) == np.argsort(place)).all()


def test_keys_that_share_columns_agree_and_every_row_that_agrees_has_the_same_chance():
    parent = pd.DataFrame({"site": ["a", "a", "a", "b", "c"], "number": [1, 2, 3, 1, 1]})
    child = pd.DataFrame({"place": ["a"] * 30_000 + ["b", "d", None]})
    key = ForeignKey(("place", "unit"), "parent", ("site", "number"))
    rows = joined_parents(child, key, ["place"], parent, np.random.default_rng(0))
    assert rows[-3:].tolist() == [3, -1, -1]
    assert chisquare([Counter(rows[:30_000].tolist())[i] for i in range(3)]).pvalue > FAILURE_RATE


def test_rows_of_a_late_key():
    rng = np.random.default_rng(0)
    found = np.array([late_parents(4, 4, True, False, rng) for _ in range(6000)])
    assert (found[:, 0] == 0).all() and (found[:, 1] == 0).all()
    assert chisquare(np.bincount(found[:, 3], minlength=3)).pvalue > FAILURE_RATE
    assert chisquare(np.bincount(late_parents(6000, 5, False, False, rng), minlength=5)).pvalue > FAILURE_RATE
    assert late_parents(4, 4, True, True, rng).tolist() == [0, 0, 1, 2]
    assert len(set(late_parents(6, 9, False, True, rng).tolist())) == 6


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
    assert (person.linked, person.joined, person.late) == ((1,), (), (0,))
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
