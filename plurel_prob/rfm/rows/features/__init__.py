r"""Features of rows as of their times: what a learner of rows, and boosted trees, see of a database.

A row is an entity, a row of the question's table, at a time :math:`t`. It sees a row of a table if that row's time is at most
:math:`t`, a label if it is known by then (its own time plus the question's wait), and no hidden column. A row of a table
without times is there from when on all rows are that it refers to; a row that lacks a time, in a table that has times, never.
Its features are columns of numbers, NaN where it has none:

- the **calendar** of :math:`t` without the year: ``day of year``, ``month``, ``weekday``, ``hour``, counted from 0;
- its **own** columns, ``drivers.dob``; those of rows that it refers to, ``->raceId.round``, and of rows that these refer to,
  ``->raceId->circuitId.alt``;
- statistics of the **rows that refer to it**, ``drivers<-results.driverId.points mean``, with the columns of what these rows
  refer to otherwise, ``drivers<-results.driverId.raceId.round last``; of rows that refer to the former,
  ``users<-orders.user<-lines.order.price max``; and of rows that refer to what it refers to (its siblings, and itself),
  ``->raceId<-results.raceId.grid mean``;
- statistics of the **labels** that are known: its own, ``known.label mean``; those of rows that refer to the same row,
  ``->driverId known.label last``, or to rows that refer to the same, ``->raceId->circuitId known.label mean``; and all, ``all
  known.label mean in 30 days``.

**Columns.** A number is itself, a boolean 0 or 1, a date its age in days, NaN if it is in the future. A row with a time has
an ``age`` in days. A category, a text column of at most 50 levels in training rows, is the number of its level, the most
common one first, and whether it is one of the three most common, ``drivers.nationality=British``; all levels that are not in
training rows have one number. Another text is how many rows have the same by then, ``same``, its ``length`` in characters,
and ``words 0`` to ``words 3``: every word adds 1 or -1, by its hash, to one of them.

**Statistics** of rows are their number ``n``, the ``days since`` the last and the mean ``days between`` them. Of their
columns they are the ``mean``, the ``last`` value, the mean of the ``last 3`` and ``last 10`` values, ``min``, ``max``,
``std`` (with divisor n) and ``trend`` (the mean of the last 3 less that of all), of values that are there, in order of time;
categories, whole numbers of up to 50 levels and cells without a value (``milliseconds missing``) have the ``mean``, ``last``
and ``last 10`` of whether they have a certain value. ``n`` and ``mean`` are also of windows, ``n in 30 days``: times in
:math:`(t - w, t]`. What rows without times have no order for is left out, as windows are two tables away.

**Which** features there are, and the numbers of levels, depend on the schema, the question and training rows, and on nothing
else: calls for different rows have the same names. A feature has a rank, and those of rank 5 or more are left out; where
there would be more than 1,000, those with the highest rank, of these the last. The rank is the sum of the path's (0 for the
entity and its labels, 1 for what it refers to or what refers to it, 2 for what is two tables away, 3 for what refers to what
refers to it; one more for a column of another table than the path's last), of the statistic's (0: ``n``, ``days since``,
``mean``, ``last``; 1: ``last 3``, ``last 10``, the longest window; 2: others) and of the column's (1 for a value's share and
``same``, 3 for ``words`` and ``length``).

**Memory.** Columns are read one after the other. As numbers of 8 bytes a cell they lie in temporary files where they are large
(64 MB), as does what statistics are made of, columns of referring rows in order of what they refer to and of time: the system
keeps of them in memory what it has room for. A few columns of a table are in memory at a time; the distinct texts of those that
are no categories always are.
"""

from plurel_prob.rfm.rows.features.features import PreparedTables, RowFeatures, prepare, row_features
from plurel_prob.rfm.rows.features.labels import Labels, concatenate
from plurel_prob.rfm.rows.features.question import DAY, KINDS, Kind, Question
from plurel_prob.rfm.rows.features.sources import tables_of
from plurel_prob.rfm.rows.features.tables import Tables, read_tables

__all__ = [
    "DAY",
    "KINDS",
    "RowFeatures",
    "Kind",
    "Labels",
    "PreparedTables",
    "Question",
    "Tables",
    "concatenate",
    "prepare",
    "read_tables",
    "row_features",
    "tables_of",
]
