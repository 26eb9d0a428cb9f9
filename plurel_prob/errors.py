"""Errors of bad input and of lost workers, and how values that nobody vouches for get into their messages."""

import reprlib
from collections.abc import Iterator
from typing import Any

MAX_SHOWN, MAX_REASON = 80, 240  # characters


class DatabaseError(ValueError):
    """A database, a schema or a file that cannot be read or written; the message names it."""


class PriorError(ValueError):
    """A prior that cannot be used; the message says which field, and why."""


class WorkerLost(RuntimeError):
    """A process that draws has died."""


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
    text = printable(text)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def printable(text: str) -> str:
    """Text without control characters, for a terminal: ends of lines, escapes and marks of direction are spelt out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def reason(error: BaseException) -> str:
    """Why something failed, for a message: what the operating system or a library says about it, on one line."""
    if isinstance(error, KeyError):
        return f"there is no {shown(error.args[0] if error.args else '')}"
    if isinstance(error, OSError) and error.strerror:
        said = str(error.strerror)
    elif type(error).__str__ in (BaseException.__str__, OSError.__str__):  # they would print several arguments as a tuple
        said = ", ".join(_parts(error.args))
    else:
        said = str(error)
    return shown(" ".join(said.split()), MAX_REASON) or type(error).__name__


def _parts(args: list | tuple) -> Iterator[str]:
    """What an error was raised with: netCDF and shutil put tuples there, and lists of them."""
    for part in args:
        yield from _parts(part) if isinstance(part, list | tuple) else (str(part),)


def bounded_int(digits: str, most: int) -> int | None:
    """Integer that decimal digits write; None if it is above ``most``, however many digits there are."""
    digits = digits.lstrip("0") or "0"
    number = int(digits) if len(digits) <= len(str(most)) else most + 1
    return number if number <= most else None
