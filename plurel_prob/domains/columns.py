"""The values that a declared column can have, numbered, and how a causal model's numbers fall on them."""

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from plurel_prob.declared.schema import Column, Rule
from plurel_prob.domains.figures import figure_domain
from plurel_prob.domains.fitting import fitted
from plurel_prob.domains.guesses import Guess
from plurel_prob.domains.labels import flag_rates, label_rates
from plurel_prob.domains.numbers import Domain, Rows, as_objects, even, float_domain, number_domain
from plurel_prob.domains.other_values import other_domain
from plurel_prob.domains.texts import TEXTS, rates_spread, text_domain
from plurel_prob.domains.words import n_word, word

DAY, YEAR = 86_400, 365  # seconds, days
NUMBERS = ("integer", "decimal", "float")


def domain_of(
    column: Column,
    rng: np.random.Generator,
    n_row: int,
    window: tuple[int, int],
    where: str,
    *,
    is_counted: bool = False,
    guess: Guess | None = None,
) -> Domain:
    """Draw what is left open about a column, such as its scale or its vocabulary.

    - Integers and decimals with both bounds spread evenly between them. With one bound or none they are at an exponential
      distance from the bound, or from 0, of a scale of 3 to 10,000 (log-uniform); in a fifth of the columns without bounds they
      are logistic about 0. Floats likewise, without steps; without bounds they are logistic. A decimal has this scale whatever
      its digits after the point; where these are ten or more, keys number the rows by whole numbers, not by the last digit.
    - Dates and timestamps spread evenly over the time window, times of day over a day,
      intervals over 30 days, in seconds.
    - Categories that are too many for a causal model to draw are spread evenly, in their order.
    - Texts come from a vocabulary of the column's own, of 5 words up to a third of the rows (log-uniform, 1,000 at most).

    Where it is guessed what a column means, its texts are such (:mod:`plurel_prob.domains.texts`), its numbers have the law and
    the steps of such numbers (:mod:`plurel_prob.domains.figures`), dates of birth are from 80 to 18 years before the window, and
    no label is rare (:mod:`plurel_prob.domains.labels`).

    Args:
        column: the declaration.
        rng: for what is left open.
        n_row: rows of the table.
        window: first and last day, in days since 1970-01-01.
        where: what errors name.
        is_counted: whether values number the rows; numbers begin with 1 then.
        guess: what it means; None: nothing is guessed.

    Raises:
        DatabaseError: the declaration leaves no value.
    """
    meaning = "" if guess is None else guess.meaning
    if column.kind == "boolean":
        spread = even(2) if guess is None else rates_spread(flag_rates(column.name, rng))
        return Domain(2, spread, lambda i: pd.array(i > 0, dtype="boolean"))
    if column.kind == "category":
        labels = np.array(column.labels, dtype=object)
        spread = even(len(labels)) if guess is None else rates_spread(label_rates(labels, rng))
        return Domain(len(labels), spread, lambda i: pd.Series(labels[i]))
    is_figure = guess is not None and column.kind in NUMBERS and not is_counted
    known = figure_domain(meaning, column, rng, window, where) if is_figure else None
    if known is not None:
        return known
    if column.kind in ("integer", "decimal"):
        return number_domain(column, rng, where, is_counted)
    if column.kind == "float":
        return float_domain(column, rng, where)
    if column.kind in ("date", "timestamp"):
        return _times(column, (window[0] - 80 * YEAR, window[0] - 18 * YEAR) if meaning == "birth" else window)
    if column.kind == "time":
        return Domain(DAY, even(DAY), lambda i: as_objects(dt.time(k // 3600, k // 60 % 60, k % 60) for k in i.tolist()))
    if column.kind == "interval":
        return Domain(30 * DAY, even(30 * DAY), lambda i: pd.Series(pd.to_timedelta(i, unit="s").as_unit("us")))
    if guess is not None and guess.records is not None and (column.other is None or column.other.form == "kind"):
        return text_domain(TEXTS[guess.text], guess.records, n_row, is_name=guess.is_name)
    return _labels(column, rng, n_row)


def domain_within(
    rules: Sequence[Rule],
    column: Column,
    rng: np.random.Generator,
    n_row: int,
    window: tuple[int, int],
    where: str,
    **given: Any,
) -> Domain:
    """Domain of a column that rules are on, see :func:`domain_of` and :func:`plurel_prob.domains.fitting.fitted`.

    Raises:
        DatabaseError: the declaration leaves no value.
    """
    domain = domain_of(column, rng, n_row, window, where, **given)
    return fitted(domain, column, rules, rng, n_row, partial(_times, column), where) if rules else domain


def _times(column: Column, window: tuple[int, int]) -> Domain:
    """Days, or seconds, of the window."""
    first, n = window[0], window[1] - window[0] + 1
    if column.kind == "date":
        epoch = dt.date(1970, 1, 1)
        days = lambda i: as_objects(epoch + dt.timedelta(days=int(k) + first) for k in i)  # noqa: E731
        return Domain(n, even(n), days, lambda i: (i + first) * float(DAY))

    def times(i: Rows) -> pd.Series:
        return pd.Series(pd.to_datetime(first * DAY + i, unit="s", utc=column.has_zone).as_unit("us"))

    return Domain(n * DAY, even(n * DAY), times, lambda i: i + float(first * DAY))


def _labels(column: Column, rng: np.random.Generator, n_row: int) -> Domain:
    """Texts and what is written like them."""
    most = max(2, min(1000, n_row // 3))
    n_label = int(np.exp(rng.uniform(np.log(min(5, most)), np.log(most + 1))))
    salt = int(rng.integers(2**32))
    other = other_domain(column, salt, n_label)
    if other is not None:
        return other
    if column.kind == "uuid":
        return Domain(
            2**40, even(n_label), lambda i: as_objects(str(uuid.UUID(int=_bits(salt, k), version=4)) for k in i.tolist())
        )
    if column.kind == "blob":
        n_byte = 16 if column.length is None else min(column.length, 16)
        size = 2 ** min(8 * n_byte, 40)
        return Domain(size, even(min(n_label, size)), lambda i: as_objects(_bytes(salt, k, n_byte) for k in i.tolist()))
    if column.kind == "json":
        return Domain(2**40, even(n_label), lambda i: as_objects(json.dumps({"label": word(salt, k, None)}) for k in i.tolist()))
    size = n_word(column.length)
    return Domain(size, even(min(n_label, size)), lambda i: as_objects(word(salt, k, column.length) for k in i.tolist()))


def _bits(salt: int, k: int) -> int:
    """128 bits that differ for every k: the upper half looks random, the lower has k, mixed by a bijection of 48 bits."""
    upper = (k * 0x9E3779B97F4A7C15 + salt * 0xBF58476D1CE4E5B9) % 2**64
    return upper << 64 | ((k * 0x5DEECE66D + salt) % 2**48)


def _bytes(salt: int, k: int, n_byte: int) -> bytes:
    """Bytes that differ for every k that fits."""
    n_mixed = min(n_byte, 5)
    mixed = (k * 0x5DEECE66D + salt) % 256**n_mixed
    return mixed.to_bytes(n_mixed, "big") + _bits(salt, k).to_bytes(16, "big")[: n_byte - n_mixed]
