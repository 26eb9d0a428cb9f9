"""Aggregates along logs, compiled: a parent's rows are walked once, in order of time, and every query is answered on the way."""

from typing import no_type_check

import numpy as np
from numba import njit

from plurel_prob.rfm.columns import NEVER, STATIC
from plurel_prob.rfm.rows.features.statistics import (
    GAP,
    LAST,
    LAST_3,
    LAST_10,
    MAX,
    MEAN,
    MEAN_IN,
    MIN,
    N_IN,
    SINCE,
    STD,
    TREND,
    N,
)

N_LAST = 10  # values that the longest mean of last values has


@njit(cache=True, nogil=True)
@no_type_check
def offsets(parent, time, n_parent):
    """Where the rows of every parent begin, in order of parents, and where the last ones end; rows that never come have none."""
    offset = np.zeros(n_parent + 1, np.int64)
    for i in range(len(parent)):
        if parent[i] >= 0 and time[i] != NEVER:
            offset[parent[i] + 1] += 1
    for p in range(n_parent):
        offset[p + 1] += offset[p]
    return offset


@njit(cache=True, nogil=True)
@no_type_check
def sort_rows(parent, time, by_time, offset, row):
    """Write the rows of every parent, in order of time: that of ``by_time``, or, if it is empty, of the table."""
    place = offset[:-1].copy()
    for k in range(len(parent)):
        i = by_time[k] if len(by_time) else k
        if parent[i] >= 0 and time[i] != NEVER:
            row[place[parent[i]]] = i
            place[parent[i]] += 1


@njit(cache=True, nogil=True)
@no_type_check
def find(offset, time, parent, now, window, start, end, first):
    """Positions of a parent's rows: its first; the one after those up to now; the first of every window before now."""
    for i in range(len(parent)):
        start[i] = end[i] = 0
        first[:, i] = 0
        if parent[i] < 0 or parent[i] + 1 >= len(offset):
            continue
        start[i] = offset[parent[i]]
        end[i] = _after(time, start[i], offset[parent[i] + 1], now[i])
        for w in range(len(window)):
            first[w, i] = _after(time, start[i], end[i], now[i] - window[w])


@njit(cache=True, nogil=True)
@no_type_check
def _after(time, low, high, now):
    """The first position from ``low`` on whose time is later, ``high`` if there is none."""
    while low < high:
        middle = (low + high) // 2
        if time[middle] <= now:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
@no_type_check
def count_rows(time, start, end, first, now, unit, column, out):
    """Numbers of rows, time since the last, mean time between them; ``column`` says where in ``out``, negative: nowhere."""
    for i in range(len(start)):
        n = end[i] - start[i]
        if column[N] >= 0:
            out[column[N], i] = n
        for w in range(len(first)):
            if column[N_IN + w] >= 0:
                out[column[N_IN + w], i] = end[i] - first[w, i]
        if n > 0 and time[end[i] - 1] != STATIC:
            if column[SINCE] >= 0:
                out[column[SINCE], i] = (now[i] - time[end[i] - 1]) / unit
            if n > 1 and column[GAP] >= 0 and time[start[i]] != STATIC:
                out[column[GAP], i] = (time[end[i] - 1] - time[start[i]]) / unit / (n - 1)


@njit(cache=True, nogil=True)
@no_type_check
def aggregate(values, start, end, first, order, column, out):
    """Statistics of a log's signals, for queries whose ``order`` is by start and end; ``column`` as above, [signal statistic].

    What is written of a query depends on values before its end only. A mean and a sum of squares run along a parent's rows
    (Welford, 1962); a mean of a window is a difference of running sums.
    """
    longest = 0
    for i in range(len(start)):
        longest = max(longest, end[i] - start[i])
    total, count, recent = np.zeros(longest + 1), np.zeros(longest + 1, np.int64), np.zeros(N_LAST)
    for s in range(len(values)):
        where = column[s]
        begin, at, n, mean, square, low, high = -1, -1, 0, 0.0, 0.0, np.inf, -np.inf
        for i in order:
            if end[i] == start[i]:
                continue
            if start[i] != begin:
                begin, at, n, mean, square, low, high = start[i], start[i], 0, 0.0, 0.0, np.inf, -np.inf
            while at < end[i]:
                x = values[s, at]
                k = at - begin
                total[k + 1] = total[k]
                if not np.isnan(x):
                    recent[n % N_LAST] = x
                    n += 1
                    total[k + 1] += x
                    change = x - mean
                    mean += change / n
                    square += change * (x - mean)
                    low, high = min(low, x), max(high, x)
                count[k + 1] = n
                at += 1
            if n == 0:
                continue
            some, several = 0.0, 0.0
            for k in range(min(n, N_LAST)):
                several += recent[(n - 1 - k) % N_LAST]
                if k < 3:
                    some = several
            some, several = some / min(n, 3), several / min(n, N_LAST)
            if where[MEAN] >= 0:
                out[where[MEAN], i] = mean
            if where[LAST] >= 0:
                out[where[LAST], i] = recent[(n - 1) % N_LAST]
            if where[LAST_3] >= 0:
                out[where[LAST_3], i] = some
            if where[LAST_10] >= 0:
                out[where[LAST_10], i] = several
            if where[MIN] >= 0:
                out[where[MIN], i] = low
            if where[MAX] >= 0:
                out[where[MAX], i] = high
            if where[STD] >= 0 and n > 1:
                out[where[STD], i] = np.sqrt(square / n)
            if where[TREND] >= 0:
                out[where[TREND], i] = some - mean
            for w in range(len(first)):
                inside = count[end[i] - begin] - count[first[w, i] - begin]
                if where[MEAN_IN + w] >= 0 and inside > 0:
                    out[where[MEAN_IN + w], i] = (total[end[i] - begin] - total[first[w, i] - begin]) / inside
