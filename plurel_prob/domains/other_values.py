"""Values of types that are none of the kinds: strings of bits, vectors, and what stands for values that nobody knows."""

import numpy as np

from plurel_prob.declared.schema import Column, DeclaredSchema
from plurel_prob.domains.numbers import Domain, as_objects, even
from plurel_prob.errors import DatabaseError, shown

N_BIT, N_COMPONENT, N_SPARSE = 8, 3, 8  # where the type says nothing
MOST_DISTINCT = 40  # bits that differ


def other_domain(column: Column, salt: int, n_label: int) -> Domain | None:
    """Values of a column whose type is none of the kinds; None if they are like others of its kind.

    Bits are fair coins, components of vectors standard normal, those of sparse ones at eight places at random. Values that nobody
    knows are the default.
    """
    other = column.other
    if other is None or other.form == "kind" or column.kind != "text":
        return None
    if other.form == "bits":
        n_bit = other.size or N_BIT
        size = 2 ** min(n_bit, MOST_DISTINCT)
        return Domain(size, even(min(n_label, size)), lambda i: as_objects(_bits(salt, k, n_bit) for k in i.tolist()))
    if other.form in ("vector", "sparsevec"):
        write = _sparse if other.form == "sparsevec" else _vector
        n = other.size or N_COMPONENT
        return Domain(2**40, even(n_label), lambda i: as_objects(write(np.random.default_rng([salt, k]), n) for k in i.tolist()))
    return None if column.default is None else Domain(1, even(1), lambda i: as_objects(column.default for _ in i))


def _bits(salt: int, k: int, n_bit: int) -> str:
    """Bits that differ for every k that fits."""
    n_mixed = min(n_bit, MOST_DISTINCT)
    return f"{(k * 0x5DEECE66D + salt) % 2**n_mixed:0{n_mixed}b}".rjust(n_bit, "0")


def _vector(rng: np.random.Generator, n: int) -> str:
    return "[" + ",".join(f"{x:.4f}" for x in rng.standard_normal(n)) + "]"


def _sparse(rng: np.random.Generator, n: int) -> str:
    """Places, from 1 on, with their components, and the number of all."""
    place = np.sort(rng.choice(min(n, 2**20), size=min(n, N_SPARSE), replace=False)) + 1
    return "{" + ",".join(f"{i}:{x:.4f}" for i, x in zip(place, rng.standard_normal(len(place)), strict=True)) + f"}}/{n}"


def refuse_unknown(schema: DeclaredSchema) -> None:
    """Refuse columns of types that nobody knows, if they may not be missing and have no default.

    Raises:
        DatabaseError: there are such; the message names all.
    """
    found = [
        f"{shown(f'{table.name}.{column.name}')}{'' if column.line is None else f' (line {column.line})'}: "
        + shown(column.other.name if column.other and column.other.name else "?")
        for table in schema.tables
        for column in table.columns
        if column.is_unknown and column.default is None and not column.is_nullable
    ]
    if found:
        what = "; ".join(found[:20]) + (f"; and {len(found) - 20:,} more" if len(found) > 20 else "")
        raise DatabaseError(
            f"{schema.source}: nobody knows values of these types, and the columns must have some: {what}; give them a default,"
            " let them be missing, or declare other types"
        )
