"""Arrays that may be larger than memory."""

import errno
import os
import tempfile
from typing import TypeVar

import numpy as np
from numpy.typing import DTypeLike

from plurel_prob.errors import DatabaseError

LARGE = 1 << 26  # bytes
MANY = 16  # a share of an array's rows that is larger than one over this is many
Array = TypeVar("Array", bound=np.ndarray)


def empty(shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> np.ndarray:
    """Make an array; a large one lies in a temporary file, of which the system keeps in memory what it has room for.

    The file has no name, and goes with the array.

    Raises:
        DatabaseError: there is no room for the file.
    """
    n = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if n < LARGE:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile(prefix="plurel-prob-") as file:
        try:
            os.truncate(file.fileno(), n)
            if hasattr(os, "posix_fallocate"):  # or writing to a full disk would end the process
                os.posix_fallocate(file.fileno(), 0, n)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            where = f"{tempfile.gettempdir()} has no room for the {n / 1e9:.1f} GB"
            raise DatabaseError(f"{where} that a large table needs; set TMPDIR to a folder that has") from None
        return np.asarray(np.memmap(file, dtype, "r+", shape=shape))


def gathered(values: Array, row: np.ndarray) -> Array:
    """Give values of many rows, in any order: a large array is read in its own order first, as files are slow in others."""
    return (values.copy() if values.nbytes >= LARGE and len(row) >= len(values) // MANY else values)[row]


def kept(array: Array) -> Array:
    """Move an array that is kept to a temporary file, if it is large; see :func:`empty`."""
    if array.nbytes < LARGE:
        return array
    moved = empty(array.shape, array.dtype)
    moved[...] = array
    return moved  # type: ignore[return-value]
