"""Texts of patterns: compared with Python's regular expressions, over all short texts of a few characters."""

import re
from itertools import product

import pytest

from plurel_prob.declared import Rule
from plurel_prob.domains.languages import LanguageError, Numbered, both, either, one, other, word
from plurel_prob.domains.patterns import language_of, matched

TEXTS = ["".join(letters) for n in range(5) for letters in product("abA1", repeat=n)]
PATTERNS = [
    "a",
    "^a",
    "b$",
    "^a*$",
    "^(ab|b)+$",
    "^a?b{2,3}$",
    "^[ab]{1,2}[^a]$",
    "^a|b$",
    r"^\d\w*$",
    "^.$",
    "^(?:a|b1){2}$",
    "^$",
    "(^a$)|1",
]


def texts(language) -> set[str]:
    found = Numbered(language, 10**9, 4)
    listed = [found.text(k) for k in range(found.size)]
    assert len(set(listed)) == found.size and listed == sorted(listed, key=len)
    return set(listed)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_all_texts_of_a_pattern_and_no_others(pattern):
    expected = {text for text in TEXTS if re.search(pattern, text)}
    allowed = both(matched(pattern), matched("^[abA1]*$"))
    assert texts(allowed) == expected
    if len(expected) < len(TEXTS):
        assert texts(both(other(matched(pattern)), matched("^[abA1]*$"))) == set(TEXTS) - expected


def test_case_and_sets():
    assert texts(matched("^a1$", is_any_case=True)) == {"a1", "A1"}
    assert texts(both(either(word("ab"), word("b"), word("a1")), other(word("b")), matched("a"))) == {"ab", "a1"}
    assert texts(one("aé")) == {"a", "é"}


CONDITIONS = {
    """"x" LIKE 'a%' AND LENGTH("x") = 3""": lambda x: x.startswith("a") and len(x) == 3,
    """NOT "x" LIKE '%a%' AND LENGTH("x") BETWEEN 1 AND 2""": lambda x: "a" not in x and 1 <= len(x) <= 2,
    """"x" = UPPER("x") AND LENGTH("x") <= 2""": lambda x: x == x.upper() and len(x) <= 2,
    """UPPER("x") IN ('A', 'AB') OR "x" = '1'""": lambda x: x.upper() in ("A", "AB") or x == "1",
    """"x" IS NULL OR REGEXP_MATCHES("x", '^A.$', 'i')""": lambda x: bool(re.search("^A.$", x, re.I)),
    """REGEXP_MATCHES("x", '^a') AND TRIM("x") <> '' AND LENGTH("x") < 3 AND "x" <> 'ab'""": lambda x: (
        x.startswith("a") and len(x) < 3 and x != "ab"
    ),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions(condition):
    expected = {text for text in TEXTS if CONDITIONS[condition](text)}
    assert texts(both(language_of([Rule(condition, ("x",))]), matched("^[abA1]*$"))) == expected


def test_what_is_no_set_of_texts():
    for pattern in ("(", r"(a)\1", "a(?=b)", "a^b", "x{400}", r"\bx"):
        with pytest.raises(LanguageError):
            Numbered(matched(pattern), 10, None)
    with pytest.raises(LanguageError, match="no text"):
        Numbered(both(matched("^a+$"), matched("^b+$")), 10, None)


def test_a_pattern_of_too_long_texts_is_refused_at_once():
    with pytest.raises(LanguageError, match="more than 300 characters"):
        language_of([Rule(f""""x" LIKE '{"%a" * 5000}'""", ("x",))])


def test_long_texts_and_wide_classes():
    codes = Numbered(matched("^[0-9a-f]{64}$"), 2**40, None)
    assert codes.size == 16**64 and re.fullmatch("[0-9a-f]{64}", codes.text(16**63 + 5))
    links = Numbered(matched("^https?://.{1,255}$"), 2**40, None)
    assert len(links.steps) < 300 and re.fullmatch("https?://[a-z]{1,9}", links.text(links.size - 1))
