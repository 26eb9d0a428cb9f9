"""How columns of texts are written from records, by what they mean."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from plurel_prob.domains.lists import MAILS
from plurel_prob.domains.numbers import Domain, Rows, as_objects, even
from plurel_prob.domains.records import SOURCES, Record, Records, letters


class Text(NamedTuple):
    """How a record is written.

    Attributes:
        source: of the record, one of ``SOURCES``.
        write: the record as a text.
        is_telling: whether different records are different texts.
    """

    source: str
    write: Callable[[Record], str] = lambda record: record[0]
    is_telling: bool = True


def _item(source: str, i: int, *, is_telling: bool = True) -> Text:
    return Text(source, lambda record: record[i], is_telling)


def _mail(record: Record) -> str:
    return f"{record[0].replace(' ', '')}@{MAILS[sum(map(ord, record[0])) % len(MAILS)]}"


def _username(record: Record) -> str:
    first, last = letters(record[1]), letters(record[2])
    return f"{first}.{last}" if len(record[0]) % 2 else f"{first}_{last}"


TEXTS = {source: Text(source) for source in SOURCES} | {
    "email": Text("person", _mail),
    "first name": _item("person", 1, is_telling=False),
    "last name": _item("person", 2, is_telling=False),
    "full name": Text("person", lambda record: f"{record[1]} {record[2]}"),
    "username": Text("person", _username),
    "gender": _item("person", 3, is_telling=False),
    "initial of gender": Text("person", lambda record: record[3][0].upper(), is_telling=False),
    "city": Text("place"),
    "country beside a city": _item("place", 1, is_telling=False),
    "country code beside a city": _item("place", 2, is_telling=False),
    "long country code beside a city": _item("place", 3, is_telling=False),
    "state beside a city": Text("place", lambda record: record[6].rpartition("/")[2].replace("_", " "), is_telling=False),
    "timezone": _item("place", 6, is_telling=False),
    "country code": _item("country", 0),
    "country": _item("country", 1),
    "long country code": _item("country", 2),
    "postcode": _item("address", 0),
    "state": _item("address", 1, is_telling=False),
    "state code": _item("address", 2, is_telling=False),
    "state of a table": _item("state", 0),
    "state code of a table": _item("state", 1),
    "currency code": _item("currency", 0),
    "currency": _item("currency", 1),
    "language code": _item("language", 0),
    "language": _item("language", 1),
    "url": Text("host", lambda record: f"https://www.{record[0].replace(' ', '')}/"),
    "host": Text("host", lambda record: record[0].replace(" ", "")),
}
SHARED = {"person", "place", "country", "address", "state", "currency", "language"}  # sources of several columns of one row


def text_domain(text: Text, records: Records, n_row: int, *, is_name: bool) -> Domain:
    """Domain of a column of texts: about as many different ones as rows, or few, the commoner the earlier (Zipf's law).

    Names of a table's own rows differ, if there are enough.
    """
    most = None if is_name else records.source.most
    n = min(records.size, max(1, n_row) if most is None else min(most, max(2, n_row // 3)))
    write = text.write
    spread = even(n) if most is None else rates_spread(1 / np.arange(1.0, n + 1))
    return Domain(records.size, spread, lambda i: as_objects(write(records[k]) for k in i.tolist()))


def rates_spread(rate: Float64[np.ndarray, " value"]) -> Callable[[Float64[np.ndarray, " row"]], Rows]:
    """Spread over values in proportion to rates."""
    above = np.cumsum(rate)[:-1] / rate.sum()
    return lambda u: np.searchsorted(above, u, side="right")
