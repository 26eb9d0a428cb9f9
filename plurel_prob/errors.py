"""The error of bad input, and how values that nobody vouches for get into its message."""

import reprlib
from typing import Any

MAX_SHOWN = 80  # characters


class DatabaseError(ValueError):
    """A database, a schema or a file that cannot be read or written; the message names it."""


def shown(value: Any, limit: int = MAX_SHOWN) -> str:
    """Text of a value from a file, for a message: on one line, without control characters, cut to ``limit`` characters.

    Of a container no more is looked at than is shown, so that the text of one with nested references to itself ends.
    """
    short = reprlib.Repr()
    short.maxlevel, short.maxstring, short.maxlong, short.maxother = 2, limit, limit, limit
    if isinstance(value, str):
        text = value[: limit + 1]
    else:
        try:
            text = short.repr(value)
        except ValueError:  # an integer of more digits than Python writes out
            text = f"{type(value).__name__} of {value.bit_length()} bits" if isinstance(value, int) else type(value).__name__
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
