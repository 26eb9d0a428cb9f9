"""Arrays that may be larger than memory."""

import errno
import os
import tempfile

import numpy as np
from jaxtyping import Float64

from plurel_prob.errors import DatabaseError

LARGE = 1 << 28  # bytes


def empty(n_row: int, n_column: int) -> Float64[np.ndarray, "row column"]:
    """Make an array; a large one lies in a temporary file, of which the system keeps in memory what it has room for.

    The file has no name, and goes with the array.

    Raises:
        DatabaseError: there is no room for the file.
    """
    n = 8 * n_row * n_column
    if n < LARGE:
        return np.empty((n_row, n_column))
    with tempfile.TemporaryFile(prefix="plurel-prob-") as file:
        try:
            os.truncate(file.fileno(), n)
            if hasattr(os, "posix_fallocate"):  # or writing to a full disk would end the process
                os.posix_fallocate(file.fileno(), 0, n)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            where = f"{tempfile.gettempdir()} has no room for the {n / 1e9:.1f} GB"
            raise DatabaseError(f"{where} that features need; set TMPDIR to a folder that has") from None
        return np.asarray(np.memmap(file, np.float64, "r+", shape=(n_row, n_column)))
