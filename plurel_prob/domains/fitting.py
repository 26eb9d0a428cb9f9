"""Domains of columns that rules narrow: texts of a pattern, times of a range, values that rules name."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from plurel_prob.declared.row_tests import broken_rows
from plurel_prob.declared.schema import Column, Rule
from plurel_prob.domains.languages import ALL, CHARACTERS, Language, LanguageError, Numbered, both, one, times
from plurel_prob.domains.numbers import Domain, Rows, as_objects, even
from plurel_prob.domains.patterns import language_of, named
from plurel_prob.errors import DatabaseError, shown

ENOUGH = 2**40  # texts of a language
N_PROBE = 200  # values that a domain is tried by
MIX = 0x9E3779B97F4A7C15
DAYS = re.compile(r"'(\d{4})-(\d\d)-(\d\d)")


class FitError(DatabaseError):
    """No texts can be drawn that some rules on a column allow; the reason says why."""

    def __init__(self, where: str, rules: Sequence[Rule], reason: str):
        self.rules, self.reason = rules, f"{reason}; change it, or leave it out"
        super().__init__(f"{where}: CHECK ({shown(rules[0].text)}): {self.reason}")


def fitted(
    domain: Domain,
    column: Column,
    rules: Sequence[Rule],
    rng: np.random.Generator,
    n_row: int,
    within: Callable[[tuple[int, int]], Domain],
    where: str,
) -> Domain:
    """Domain of the values that rules on a column allow, as far as it takes another one; rows that still break one are changed.

    Args:
        domain: of what is declared otherwise.
        column: the declaration.
        rules: that mention the column.
        rng: for what is left open.
        n_row: rows of the table.
        within: domain of a column of times in a window, from its first day to its last.
        where: what errors name.

    Raises:
        FitError: texts cannot be drawn that a rule allows.
    """
    own = [rule for rule in rules if rule.columns == (column.name,)]
    if own and kept_share(domain, column, own, rng) < 1:
        if column.kind == "text":
            domain = _texts(domain, column, own, rng, n_row, where)
        elif column.kind in ("date", "timestamp"):
            domain = _times(domain, column, own, rng, within)
    texts = [text for text in named([rule for rule in rules if rule not in own], column.name) if text]
    return _with_named(domain, texts) if column.kind == "text" and texts else domain


def kept_share(domain: Domain, column: Column, rules: Sequence[Rule], rng: np.random.Generator) -> float:
    """Share of the values of a domain that rules on this column allow, of those that the causal model's numbers fall on."""
    place = domain.spread(np.random.default_rng(0).random(N_PROBE))
    return 1 - float(breaking(domain, column, rules, np.minimum(place, domain.size - 1)).mean())


def breaking(domain: Domain, column: Column, rules: Sequence[Rule], place: Rows) -> Bool[np.ndarray, " row"]:
    """Places of a domain whose values some rules on the column do not allow."""
    import pandas as pd

    from plurel_prob.stores.arrow import array_of

    rows = pa.table([array_of(pd.Series(domain.values(place)), column)], [column.name])
    return broken_rows([rule.text for rule in rules], rows)


def _texts(domain: Domain, column: Column, rules: Sequence[Rule], rng: np.random.Generator, n_row: int, where: str) -> Domain:
    try:
        language = language_of(rules)
        if language is ALL:
            return domain
        numbered = _numbered(language, column)
    except LanguageError as error:
        raise FitError(where, rules, str(error)) from None
    salt, size = int(rng.integers(2**32)), min(numbered.size, ENOUGH)
    mix = next(k for k in range(MIX, MIX + 2 * numbered.size, 2) if math.gcd(k, numbered.size) == 1)
    n_label = int(np.exp(rng.uniform(np.log(5), np.log(max(6, min(1000, n_row // 3))))))
    return Domain(
        size,
        even(min(n_label, size)),
        lambda i: as_objects(numbered.text((k * mix + salt) % numbered.size) for k in i.tolist()),
    )


def _numbered(language: Language, column: Column) -> Numbered:
    """Texts of a language, as long as the column is if others would be filled up, without the empty one if there are others."""
    forms = [both(language, times(one(CHARACTERS), 1, None)), language]
    if column.is_padded and column.length is not None:
        forms.insert(0, both(language, times(one(CHARACTERS), column.length, column.length)))
    for form in forms[:-1]:
        try:
            return Numbered(form, ENOUGH, column.length)
        except LanguageError:
            pass  # it has none
    return Numbered(language, ENOUGH, column.length)


def _times(
    domain: Domain,
    column: Column,
    rules: Sequence[Rule],
    rng: np.random.Generator,
    within: Callable[[tuple[int, int]], Domain],
) -> Domain:
    """Times between two that rules name, or beyond these, where most are allowed, or in the window, where as many are."""
    days = sorted({_days(*map(int, found)) for rule in rules for found in DAYS.findall(rule.text)})
    if not days:
        return domain
    around = [days[0] - 3650, *days, days[-1] + 3650]
    options = [domain, *(within((first, last)) for first, last in zip(around, around[1:], strict=False))]
    shares = [kept_share(option, column, rules, rng) for option in options]
    return options[int(np.argmax(shares))]


def _days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 on; the first of the month, where there is no such day."""
    try:
        return int(np.datetime64(f"{year:04}-{month:02}-{day:02}", "D").astype(int))
    except ValueError:
        return int(np.datetime64(f"{year:04}-01-01", "D").astype(int))


def _with_named(domain: Domain, texts: list[str]) -> Domain:
    """Domain with some texts, which rules on several columns name, before all others, for half of the rows."""
    n, labels = len(texts), np.array(texts, dtype=object)

    def values(i: Rows) -> object:
        others = domain.values(np.maximum(i - n, 0))
        return as_objects(labels[k] if k < n else text for k, text in zip(i.tolist(), others, strict=True))

    def spread(u: np.ndarray) -> Rows:
        return np.where(u < 0.5, np.minimum((2 * u * n).astype(np.int64), n - 1), n + domain.spread(np.maximum(2 * u - 1, 0)))

    return replace(domain, size=domain.size + n, spread=spread, values=values)
