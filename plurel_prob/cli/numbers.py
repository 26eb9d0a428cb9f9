"""Whole numbers on the command line: a fraction is refused, where Cyclopts would round it."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token
from cyclopts.validators import Number


def whole(_: Any, tokens: Sequence[Token]) -> int:
    """Read one whole number."""
    [token] = tokens
    try:
        return int(token.value)
    except ValueError:
        raise ValueError(f'"{token.value}" is not a whole number') from None


NonNegativeInt = Annotated[int, Parameter(converter=whole, validator=Number(gte=0))]
PositiveInt = Annotated[int, Parameter(converter=whole, validator=Number(gt=0))]
