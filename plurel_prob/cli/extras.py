"""Commands that need packages which only some users want."""

from collections.abc import Iterator
from contextlib import contextmanager

from plurel_prob.errors import DatabaseError


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Say which extra is to be installed where a package is missing.

    Raises:
        DatabaseError: one is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"needs the package {error.name}: install the extra {name}, pip install 'plurel-prob[{name}]'"
        raise DatabaseError(message) from None
