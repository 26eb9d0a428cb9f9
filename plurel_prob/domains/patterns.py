"""Languages of patterns: regular expressions, LIKE, and what rules say of a text."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from plurel_prob.declared.schema import Rule
from plurel_prob.domains.languages import (
    ALL,
    CHARACTERS,
    EMPTY,
    MAX_LENGTH,
    NONE,
    Language,
    LanguageError,
    both,
    either,
    many,
    one,
    other,
    then,
    times,
    word,
)

if TYPE_CHECKING:
    from sqlglot.expressions import Expr
else:
    Expr = Any  # sqlglot is imported where it is used

COMPARED = {"EQ": "=", "NEQ": "<>", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<="}


def language_of(rules: Sequence[Rule]) -> Language:
    """Texts that some rules on one column allow, as far as these say it by patterns, lists, lengths and cases.

    Raises:
        LanguageError: a pattern has something that texts cannot be drawn by.
    """
    import sqlglot

    found: list[Language] = []
    for rule in rules:
        pending: list[Any] = [sqlglot.parse_one(rule.text, dialect="duckdb")]
        while pending:
            part = pending.pop().unnest()
            if isinstance(part, sqlglot.exp.And):
                pending += [part.this, part.expression]
                continue
            try:
                found.append(_of(part))
            except NotImplementedError:
                pass  # rows are tested by it, whatever it is
    return both(*found)


def named(rules: Sequence[Rule], column: str) -> list[str]:
    """Values that rules compare a column with."""
    import sqlglot
    from sqlglot import exp

    found: list[str] = []
    for rule in rules:
        for part in sqlglot.parse_one(rule.text, dialect="duckdb").find_all(
            exp.EQ, exp.NEQ, exp.In, exp.GT, exp.GTE, exp.LT, exp.LTE
        ):
            if isinstance(part.this.unnest(), exp.Column) and part.this.unnest().name == column:
                values = part.expressions if isinstance(part, exp.In) else [part.expression]
                found += [str(value.unnest().this) for value in values if isinstance(value.unnest(), exp.Literal)]
    return list(dict.fromkeys(found))


def _of(part: Expr) -> Language:
    """Texts of which a condition is true.

    Raises:
        NotImplementedError: it is another condition.
        LanguageError: a pattern has something that texts cannot be drawn by.
    """
    from sqlglot import exp

    part, kind = part.unnest(), type(part.unnest()).__name__
    if isinstance(part, (exp.And, exp.Or)):
        return (both if isinstance(part, exp.And) else either)(_of(part.this), _of(part.expression))
    if isinstance(part, exp.Not):
        return other(_of(part.this))
    if part.args.get("negate"):
        positive = part.copy()
        positive.set("negate", None)
        return other(_of(positive))
    if isinstance(part, exp.Is) and isinstance(part.expression, exp.Null):
        return NONE
    if isinstance(part.this, exp.Length) and (kind in COMPARED or isinstance(part, exp.Between)):
        return _of_length(part)
    if kind not in ("RegexpLike", "RegexpILike", "Like", "ILike", "StartsWith", "EQ", "NEQ", "In"):
        raise NotImplementedError
    if kind == "EQ" and (cased := _cased_itself(part)) is not None:
        return cased
    is_any_case = isinstance(part.this.unnest(), (exp.Lower, exp.Upper))
    subject = part.this.unnest().this.unnest() if is_any_case else part.this.unnest()
    if not isinstance(subject, exp.Column):
        raise NotImplementedError
    if kind == "In":
        return either(*(word(_text(item), is_any_case=is_any_case) for item in part.expressions or [exp.Null()]))
    text = _text(part.expression)
    if kind in ("EQ", "NEQ"):
        equal = word(text, is_any_case=is_any_case)
        return equal if kind == "EQ" else other(equal)
    if kind == "StartsWith":
        return then(word(text, is_any_case=is_any_case), ALL)
    is_any_case = is_any_case or kind in ("RegexpILike", "ILike") or "i" in _flag(part)
    return _like(text, is_any_case) if kind in ("Like", "ILike") else matched(text, is_any_case=is_any_case)


def _flag(part: Expr) -> str:
    flag = part.args.get("flag")
    return str(flag.this) if flag is not None else ""


def _text(node: Expr) -> str:
    from sqlglot import exp

    if not (isinstance(node.unnest(), exp.Literal) and node.unnest().is_string):
        raise NotImplementedError
    return str(node.unnest().this)


def _cased_itself(part: Expr) -> Language | None:
    """Texts that are in upper, or lower, case: ``x = upper(x)``."""
    from sqlglot import exp

    sides = [part.this.unnest(), part.expression.unnest()]
    sides.sort(key=lambda side: isinstance(side, (exp.Upper, exp.Lower)))
    if not isinstance(sides[1], (exp.Upper, exp.Lower)) or sides[1].this.unnest() != sides[0]:
        return None
    is_upper = isinstance(sides[1], exp.Upper)
    return many(one(c for c in CHARACTERS if c == (c.upper() if is_upper else c.lower())))


def _of_length(part: Expr) -> Language:
    from sqlglot import exp

    if not isinstance(part.this.this.unnest(), exp.Column):
        raise NotImplementedError
    between = [part.args["low"], part.args["high"]] if isinstance(part, exp.Between) else [part.expression]
    texts = [str(bound.this) for bound in between if isinstance(bound, exp.Literal)]
    if len(texts) < len(between) or not all(text.isdecimal() for text in texts):
        raise NotImplementedError
    bounds, any_one = [int(text) for text in texts], one(CHARACTERS)
    if isinstance(part, exp.Between):
        return times(any_one, bounds[0], max(bounds))
    (n,), comparison = bounds, COMPARED[type(part).__name__]
    if comparison in ("=", "<>"):
        return times(any_one, n, n) if comparison == "=" else other(times(any_one, n, n))
    if comparison in (">", ">="):
        return times(any_one, n + (comparison == ">"), None)
    most = n - (comparison == "<")
    return NONE if most < 0 else times(any_one, 0, most)


def _like(pattern: str, is_any_case: bool) -> Language:
    if len(pattern) - pattern.count("%") > MAX_LENGTH:
        raise LanguageError(f"texts of more than {MAX_LENGTH} characters are not drawn")
    result = EMPTY
    for character in reversed(pattern):
        part = ALL if character == "%" else one(CHARACTERS) if character == "_" else word(character, is_any_case=is_any_case)
        result = then(part, result)
    return result


def matched(pattern: str, *, is_any_case: bool = False) -> Language:
    """Texts in which a regular expression finds something.

    Raises:
        LanguageError: it is no regular expression, or has something else than characters, classes, repetitions, alternatives,
            and the text's start and end at its own.
    """
    try:
        parsed = re._parser.parse(pattern, re.IGNORECASE if is_any_case else 0)  # type: ignore[attr-defined]
    except (re.error, OverflowError, RecursionError) as error:
        raise LanguageError(f"is no regular expression that is known: {error}") from None
    return _searched(list(parsed), bool(parsed.state.flags & re.IGNORECASE))


def _searched(items: list, is_any_case: bool) -> Language:
    """Texts that have a match anywhere, or where the pattern says."""
    if len(items) == 1 and str(items[0][0]) == "SUBPATTERN":
        return _searched(list(items[0][1][-1]), is_any_case)
    if len(items) == 1 and str(items[0][0]) == "BRANCH":
        return either(*(_searched(list(part), is_any_case) for part in items[0][1][1]))
    ends = [bool(items) and str(items[place][0]) == "AT" and str(items[place][1]) in names for place, names in ENDS.items()]
    inner = items[ends[0] : len(items) - ends[1]]
    return then(EMPTY if ends[0] else ALL, then(_sequence(inner, is_any_case), EMPTY if ends[1] else ALL))


ENDS = {0: ("AT_BEGINNING", "AT_BEGINNING_STRING"), -1: ("AT_END", "AT_END_STRING")}


def _sequence(items: Any, is_any_case: bool) -> Language:
    result = EMPTY
    for item in reversed(list(items)):
        result = then(_item(str(item[0]), item[1], is_any_case), result)
    return result


def _item(kind: str, value: object, is_any_case: bool) -> Language:
    """Language of one item of a parsed regular expression."""
    what: list = list(value) if isinstance(value, (tuple, list)) else []
    if kind == "LITERAL":
        return word(chr(value), is_any_case=is_any_case)  # type: ignore[arg-type]
    if kind == "NOT_LITERAL":
        return one(CHARACTERS - _cased({chr(value)}, is_any_case))  # type: ignore[arg-type]
    if kind == "ANY":
        return one(CHARACTERS)
    if kind == "IN":
        return one(_class(what, is_any_case))
    if kind == "BRANCH":
        return either(*(_sequence(part, is_any_case) for part in what[1]))
    if kind == "SUBPATTERN":
        return _sequence(what[-1], is_any_case)
    if kind in ("MAX_REPEAT", "MIN_REPEAT"):
        most = None if str(what[1]) == "MAXREPEAT" else int(what[1])
        return times(_sequence(what[2], is_any_case), int(what[0]), most)
    raise LanguageError(f"regular expressions with {kind.lower().replace('_', ' ')} cannot be drawn from")


def _cased(characters: Iterable[str], is_any_case: bool) -> set[str]:
    found = set(characters)
    return found | {c.lower() for c in found} | {c.upper() for c in found} if is_any_case else found


CATEGORIES = {"DIGIT": str.isdigit, "WORD": lambda c: c.isalnum() or c == "_", "SPACE": str.isspace}


def _class(items: list, is_any_case: bool) -> set[str]:
    """Characters of a class in brackets."""
    found, is_negated = set[str](), False
    for kind, value in items:
        if str(kind) == "NEGATE":
            is_negated = True
        elif str(kind) == "LITERAL":
            found.add(chr(value))
        elif str(kind) == "RANGE":
            found |= set(map(chr, range(value[0], min(value[1], value[0] + 1000) + 1)))
        else:
            _, _, name = str(value).partition("CATEGORY_")
            inside = {c for c in CHARACTERS if CATEGORIES[name.removeprefix("NOT_")](c)}
            found |= CHARACTERS - inside if name.startswith("NOT_") else inside
    found = _cased(found, is_any_case)
    return set(CHARACTERS) - found if is_negated else found
