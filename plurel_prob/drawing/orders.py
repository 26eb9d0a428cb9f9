"""Rows in which one column is below another."""

from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from plurel_prob.domains.numbers import Domain, first_place, last_place

Rows = Int64[np.ndarray, " row"]


def put_in_order(
    domains: tuple[Domain, Domain], places: tuple[Rows, Rows], is_strict: bool, can_move: tuple[bool, bool]
) -> tuple[Rows, Rows] | None:
    """Change the rows in which the first value is above the second; None: there is no way.

    They exchange their values, as nearly as the domains have these. Where one domain does not reach so far, the second value
    becomes the least one above the first or, failing that, the first one the greatest below the second; or the first becomes the
    least there is, and the second the least above it.

    Args:
        domains: of the lower and the upper column.
        places: numbers of values in them.
        is_strict: whether equal values are wrong, too.
        can_move: whether each column can change.
    """
    (low, high), (a, b) = domains, (places[0].copy(), places[1].copy())
    if low.is_wide or high.is_wide:  # floats would not tell all values apart
        low, high = (replace(domain, axis=domain.exact or domain.axis) for domain in domains)
    x, y = low.axis(a), high.axis(b)
    wrong = np.flatnonzero(x >= y if is_strict else x > y)
    if not len(wrong):
        return a, b
    x, y = x[wrong], y[wrong]
    down, up = last_place(low, lambda value: value <= y), first_place(high, lambda value: value >= x)
    swaps = (x > y) & (down >= 0) & (up < high.size) & np.all(can_move)
    rises = ~swaps & can_move[1]
    above = first_place(high, lambda value: value > x) if is_strict else up
    rises &= above < high.size
    falls = ~swaps & ~rises & can_move[0]
    below = last_place(low, lambda value: value < y) if is_strict else down
    falls &= below >= 0
    starts = ~swaps & ~rises & ~falls & np.all(can_move)  # both anew, from the lowest value on
    lowest = low.axis(np.zeros(1, np.int64))[0]
    least = first_place(high, lambda value: value > lowest if is_strict else value >= lowest)
    if (~swaps & ~rises & ~falls & ~starts).any() or (starts.any() and least[0] == high.size):
        return None
    a[wrong] = np.where(swaps, down, np.where(falls, below, np.where(starts, 0, a[wrong])))
    b[wrong] = np.where(swaps, up, np.where(rises, above, np.where(starts, least, b[wrong])))
    return a, b
