"""Columns with fewer values: within a bound, of a list, of a length."""

import math
import operator
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from plurel_prob.declared.literals import Literal, NoLiteralError, exact, number_of
from plurel_prob.declared.schema import Column, Number

NUMERIC = ("integer", "decimal", "float")
BOTH = ({"0", "1"}, {"false", "true"}, {"t", "f"}, {"y", "n"})
HOLDS: dict[str, Callable[[Number, Number], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class CheckError(ValueError):
    """A constraint that cannot be honoured; the message says why."""


class FormError(CheckError):
    """A constraint that does not say which values a column can have, or which order two have; rows may be tested by it."""

    def __init__(self, message: str = "it is of a form that is not known; change it, or leave it out"):
        super().__init__(message)


def is_numeric(column: Column) -> bool:
    """Whether values of a column are numbers, be they listed."""
    return column.kind in NUMERIC or (column.kind == "category" and not isinstance(column.labels[0], str))


def listed(column: Column, values: list[Literal]) -> Column:
    """Column that has one of some values; it stays what it is if it is a boolean and may have both.

    Raises:
        CheckError: there are no such values of the column.
    """
    present = [value for value in values if value is not None]
    if column.kind == "boolean":
        if {str(value).lower() for value in present} in BOTH:
            return column
        raise FormError("a boolean is true or false; a CHECK that allows one of them only cannot be honoured")
    allowed = [label for label in _labels(column, present) if not column.labels or label in column.labels]
    if column.length is not None:
        allowed = [label for label in allowed if len(label) <= column.length]
    for comparison, bound in _bounds(column):
        allowed = [label for label in allowed if HOLDS[comparison](exact(label), exact(bound))]
    if not allowed:
        raise CheckError("it leaves the column no value")
    return Column(column.name, "category", column.is_nullable, labels=tuple(allowed), default=column.default, line=column.line)


def _labels(column: Column, values: list[Any]) -> list[Any]:
    """Values as labels, each once: texts for a column of texts, numbers for one of numbers.

    These are integers if all are whole, or else floats if these tell the digits, or else decimals.
    """
    if not is_numeric(column):
        if column.kind not in ("text", "category"):
            raise FormError(f"a column of kind {column.kind} cannot have a list of values; make it a text or a number")
        return list(dict.fromkeys(str(value) for value in values))
    try:
        numbers = [exact(value) for value in values]
    except NoLiteralError:
        raise CheckError("a column of numbers is compared with values that are none") from None
    if all(isinstance(number, int) for number in numbers):
        return list(dict.fromkeys(numbers))
    if column.kind == "integer":
        raise CheckError("an integer is compared with numbers that are none")
    is_float = column.kind == "float" or all(exact(float(number)) == number for number in numbers)
    return list(dict.fromkeys(float(number) if is_float else number for number in numbers))


def _bounds(column: Column) -> list[tuple[str, Number]]:
    low = [] if column.low is None else [(">" if column.is_low_open else ">=", column.low)]
    return low if column.high is None else [*low, ("<" if column.is_high_open else "<=", column.high)]


def bounded(column: Column, comparison: str, value: Literal) -> Column:
    """Column of numbers within a bound, too.

    Raises:
        CheckError: no value is left, or the column is not one of numbers.
    """
    if comparison == "<>" and value == "" and not is_numeric(column):
        return column  # texts that are drawn are never empty
    if not is_numeric(column):
        raise FormError(f"a range of a column of kind {column.kind} cannot be honoured, only of numbers; leave it out")
    try:
        number = number_of(column, value)
    except NoLiteralError:
        number = None
    if number is None or comparison not in HOLDS:
        raise FormError
    if column.labels:
        return listed(column, [label for label in column.labels if HOLDS[comparison](exact(label), exact(number))])
    is_open = comparison in ("<", ">")
    if comparison in (">", ">="):
        if column.low is None or number > column.low or (number == column.low and is_open):
            column = replace(column, low=number, is_low_open=is_open)
    elif column.high is None or number < column.high or (number == column.high and is_open):
        column = replace(column, high=number, is_high_open=is_open)
    if _is_empty(column):
        raise CheckError("it leaves the column no value: its range is empty")
    return column


def _is_empty(column: Column) -> bool:
    """Whether no number is within the bounds, of integers none that the type has."""
    low, high = column.low, column.high
    is_open = column.is_low_open or column.is_high_open
    if column.kind == "integer":
        bits = 128 if column.bits is None else column.bits
        least, most = (0, 2**bits - 1) if column.is_unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        first, last = steps_of(column, 1)
        low, high = least if first is None else max(least, first), most if last is None else min(most, last)
        is_open = False
    return low is not None and high is not None and (low > high or (low == high and is_open))


def steps_of(column: Column, unit: int) -> tuple[int | None, int | None]:
    """First and last value within the bounds, in steps of 1 / unit; None where there is no bound."""
    low = high = None
    if column.low is not None:
        scaled = Fraction(exact(column.low)) * unit
        low = math.floor(scaled) + 1 if column.is_low_open else math.ceil(scaled)
    if column.high is not None:
        scaled = Fraction(exact(column.high)) * unit
        high = math.ceil(scaled) - 1 if column.is_high_open else math.floor(scaled)
    return low, high


def shortened(column: Column, comparison: str, value: Literal) -> Column:
    """Column with a bound of its values' length; texts that are drawn are never empty.

    Raises:
        CheckError: it is another constraint of a length.
    """
    if not isinstance(value, int) or column.kind not in ("text", "blob", "category"):
        raise FormError
    most = value if comparison == "<=" else value - 1 if comparison == "<" else 0
    if most >= 1 and column.kind == "category":
        return listed(column, [label for label in column.labels if len(str(label)) <= most])
    if most >= 1:
        return replace(column, length=most if column.length is None else min(most, column.length))
    if (comparison, value) in ((">", 0), (">=", 1), ("<>", 0), (">=", 0)):
        return column
    raise FormError("of lengths only length(x) <= n and length(x) > 0 are honoured; leave it out")
