import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from plurel_prob.declared import Column
from plurel_prob.domains.columns import domain_of
from plurel_prob.domains.words import n_word, word
from plurel_prob.errors import DatabaseError

WINDOW = (18_000, 18_364)
COLUMNS = [
    Column("c", "integer", low=3.0, high=9.0),
    Column("c", "integer", low=3.0, high=9.0, is_low_open=True, is_high_open=True),
    Column("c", "integer", bits=8),
    Column("c", "integer", bits=16, is_unsigned=True),
    Column("c", "integer", high=-5.5),
    Column("c", "decimal", precision=4, scale=2),
    Column("c", "decimal", precision=6, scale=1, low=-1.0, high=1.0, is_low_open=True),
    Column("c", "decimal"),
    Column("c", "float", low=0.0, high=1.0, is_low_open=True, is_high_open=True),
    Column("c", "float", high=-3.0),
    Column("c", "float", low=3.0),
    Column("c", "boolean"),
    Column("c", "category", labels=tuple(f"label {i}" for i in range(30))),
    Column("c", "category", labels=(10, 20)),
    Column("c", "date"),
    Column("c", "time"),
    Column("c", "timestamp"),
    Column("c", "timestamp", has_zone=True),
    Column("c", "interval"),
    Column("c", "text"),
    Column("c", "text", length=1),
    Column("c", "text", length=5),
    Column("c", "uuid"),
    Column("c", "json"),
    Column("c", "blob", length=3),
    Column("c", "blob"),
]


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 9, None])
def test_words_differ_and_fit(length):
    numbers = [*range(20_000), *range(342_900, 343_100), 10**9, 10**12 if length is None else 10**7]
    words = [word(12_345, k, length) for k in numbers if k < n_word(length)]
    assert len(set(words)) == len(words) and max(map(len, words)) <= (length if length is not None else 14)
    assert length == 0 or word(1, 5, length) != word(2, 5, length)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: f"{column.kind}-{column.low}-{column.high}-{column.length}")
@pytest.mark.parametrize("seed", range(4))
def test_values_are_as_declared_and_differ_by_number(column, seed):
    domain = domain_of(column, np.random.default_rng(seed), 300, WINDOW, "t.c")
    rng = np.random.default_rng(seed)
    u = np.concatenate([rng.random(500), [0.0, 1.0, np.nextafter(1, 0)]])
    place = domain.spread(u)
    assert (place >= 0).all() and (place < domain.size).all()
    every = np.unique(np.concatenate([place, rng.integers(0, domain.size, 200), [0, domain.size - 1]]))
    values = pd.Series(domain.values(every))
    assert not values.isna().any() and values.map(str).nunique() == len(every) == len(values)
    if column.kind in ("integer", "decimal", "float"):
        numbers = [Decimal(str(value)) for value in values]
        assert column.low is None or all(x > column.low if column.is_low_open else x >= column.low for x in numbers)
        assert column.high is None or all(x < column.high if column.is_high_open else x <= column.high for x in numbers)
        assert all(a < b for a, b in zip(numbers, numbers[1:], strict=False))
    if column.kind == "integer" and column.bits:
        low, high = (0, 2**column.bits - 1) if column.is_unsigned else (-(2 ** (column.bits - 1)), 2 ** (column.bits - 1) - 1)
        assert values.between(low, high).all()
    if column.kind == "decimal" and column.precision:
        assert all(abs(x) < 10 ** (column.precision - column.scale) and x.as_tuple().exponent == -column.scale for x in values)
    if column.kind == "text" and column.length:
        assert values.str.len().max() <= column.length
    if column.kind == "blob":
        assert values.map(len).max() <= (column.length or 16)
    if column.kind == "uuid":
        assert all(uuid.UUID(value).version == 4 for value in values)
    if column.kind == "date":
        days = (pd.to_datetime(values) - pd.Timestamp(0)).dt.days
        assert days.min() == WINDOW[0] and days.max() == WINDOW[1] and domain.size == WINDOW[1] - WINDOW[0] + 1
    if column.kind == "category":
        assert set(values) <= set(column.labels) and domain.size == len(column.labels)


def test_numbers_keep_their_order():
    for kind in ("integer", "decimal", "float"):
        domain = domain_of(Column("c", kind), np.random.default_rng(0), 300, WINDOW, "t.c")
        u = np.sort(np.random.default_rng(1).random(1000))
        assert (np.diff(domain.spread(u)) >= 0).all() and len(np.unique(domain.spread(u))) > 5


@pytest.mark.parametrize(
    "column",
    [
        Column("c", "integer", low=2.0, high=3.0, is_low_open=True, is_high_open=True),
        Column("c", "integer", low=0.2, high=0.8),
        Column("c", "integer", low=200.0, bits=8),
        Column("c", "decimal", precision=3, scale=1, low=500.0),
        Column("c", "float", low=1.0, high=1.0, is_low_open=True),
    ],
)
def test_what_leaves_no_value_is_an_error(column):
    with pytest.raises(DatabaseError, match=r"t\.c: no .*widen"):
        domain_of(column, np.random.default_rng(0), 300, WINDOW, "t.c")
