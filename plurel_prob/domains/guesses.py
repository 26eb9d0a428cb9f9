"""What the columns of a table mean, and which of them are written from the same records."""

import re
import zlib
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from plurel_prob.declared.schema import Column, DeclaredTable
from plurel_prob.domains.meanings import Meaning, meaning_of, words
from plurel_prob.domains.records import SOURCES, Record, Records
from plurel_prob.domains.texts import SHARED, TEXTS

N_PROBE, ENOUGH = 50, 5  # records that a column is tried by, and how many of them must have room
NAMES = "name|title|label"
COUNTRIES, STATES = "countries|country|nations?", "states?|provinces?|regions?"
LOCATED = {"latitude": 4, "longitude": 5}
OTHERS = {"code": "short code", "password": "short password"}  # where there is no room


class Guess(NamedTuple):
    """What is guessed of a column.

    Attributes:
        meaning: what it means; empty: nobody knows.
        text: how its texts are written, one of ``TEXTS``; empty: as if nothing were guessed.
        records: records of the texts.
        is_name: whether they are names of the table's rows, which differ.
    """

    meaning: str
    text: str = ""
    records: Records | None = None
    is_name: bool = False


class Located(NamedTuple):
    """Where a column's number is in the records of a group."""

    group: tuple[str, str]
    item: int


class Guesses:
    """Guesses about the columns of a table that have values of their own.

    Args:
        table: the declaration.
        columns: that have values of their own.
        told: columns that tell rows apart, or that keys refer to: different records must be different texts there.
    """

    def __init__(self, table: DeclaredTable, columns: Sequence[Column], told: Collection[str]):
        self.table = table
        self.meaning = {column.name: meaning_of(table, column) for column in columns}
        self.columns = {column.name: column for column in columns}
        texts = {column.name: self._text_of(column, column.name in told) for column in columns if column.kind == "text"}
        self.text = {name: text for name, text in texts.items() if text}

    @property
    def groups(self) -> list[list[str]]:
        """Columns whose texts are of the same records."""
        found: dict[tuple[str, str], list[str]] = {}
        for name in self.text:
            if self._source(name) in SHARED:
                found.setdefault(self.group(name), []).append(name)
        return [names for names in found.values() if len(names) > 1]

    @property
    def located(self) -> dict[str, "Located"]:
        """Columns of numbers that records of places have."""
        places = {
            name: Located(("place", meaning.prefix), LOCATED[meaning.name])
            for name, meaning in self.meaning.items()
            if meaning.name in LOCATED
        }
        return {name: record for name, record in places.items() if any(self.group(text) == record.group for text in self.text)}

    def guess(self, column: Column, records: dict[tuple[str, str], Records], salt: int) -> Guess:
        """Guess about a column; records that it needs are made, for each group of columns one."""
        meaning = self.meaning[column.name].name
        if column.name not in self.text:
            return Guess(meaning)
        group = self.group(column.name)
        if group not in records:
            seed = salt ^ zlib.crc32(repr(group).encode())
            records[group] = Records(SOURCES[self._source(column.name)], seed, *self._room(group))
        return Guess(meaning, self.text[column.name], records[group], self.is_name(column))

    def is_name(self, column: Column) -> bool:
        """Whether a column has the names of the table's rows."""
        name, of_table = words(column.name), words(self.table.name)
        return column.kind == "text" and re.fullmatch(rf"{NAMES}|{re.escape(of_table)}(?: (?:{NAMES}))?", name) is not None

    def _source(self, name: str) -> str:
        return TEXTS[self.text[name]].source

    def group(self, name: str) -> tuple[str, str]:
        """Which records a column of texts is written from."""
        source = self._source(name)
        return source, self.meaning[name].prefix if source in SHARED else name

    def _room(self, group: tuple[str, str]) -> tuple["Room", int | None]:
        """What fits all columns of a group, and the length of the shortest that tells records apart."""
        members = [name for name in self.text if self.group(name) == group]
        bounded = [(TEXTS[self.text[name]], self.columns[name].length) for name in members]
        lengths = [length for text, length in bounded if text.is_telling and length is not None]
        return Room([(text.write, length) for text, length in bounded if length is not None]), min(lengths, default=None)

    def _text_of(self, column: Column, is_told: bool) -> str:
        """How a column is written."""
        text = self._named(column, self.meaning[column.name])
        if is_told and not TEXTS[text].is_telling:
            text = "title"
        for option in (text, OTHERS.get(text, "word")):
            if has_room(option, column.length):
                return option
        return ""

    def _named(self, column: Column, meaning: Meaning) -> str:
        name, of_table = meaning.name or "word", words(self.table.name)
        if name == "gender" and column.length is not None and column.length < 6:
            return "initial of gender"
        if name in ("country", "country code"):
            is_beside = any(other == meaning._replace(name="city") for other in self.meaning.values())
            name = f"long {name}" if name == "country code" and column.length == 3 else name
            return name if re.search(rf"(?:^| )(?:{COUNTRIES})$", of_table) or not is_beside else f"{name} beside a city"
        if name in ("state", "state code") and re.search(rf"(?:^| )(?:{STATES})$", of_table):
            return f"{name} of a table"
        if name == "state" and {meaning._replace(name=other) for other in ("city", "country")} <= {*self.meaning.values()}:
            return "state beside a city"
        return name if name in TEXTS else "word"


class Room:
    """Whether records fit columns of some lengths."""

    def __init__(self, columns: Sequence[tuple[Callable[[Record], str], int]]):
        self.columns = columns

    def __call__(self, record: Record) -> bool:
        """Whether a record fits all."""
        return all(len(write(record)) <= length for write, length in self.columns)


@lru_cache(maxsize=1024)
def has_room(text: str, length: int | None) -> bool:
    """Whether texts of at most so many characters can be written: enough of those that are tried, or two of a list."""
    if length is None:
        return True
    fits, records = Room([(TEXTS[text].write, length)]), Records(SOURCES[TEXTS[text].source], 0)
    n = min(N_PROBE, records.size)
    return sum(fits(records[k]) for k in range(n)) >= (ENOUGH if n == N_PROBE else 2)
