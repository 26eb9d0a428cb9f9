"""Types that are none of a column's kinds: those of extensions, and any name in SQLite.

Such a column has a kind that holds its values as text or number, and keeps its type for stores of the same dialect.
"""

import re

from plurel_prob.declared.cursor import Cursor
from plurel_prob.declared.schema import Column, DeclaredTable, OtherType
from plurel_prob.declared.skipped import Skipped

# words that no type is called: what follows a column's name without one, and constraints that are misspelt
NO_TYPES = (
    *("NOT", "NULL", "DEFAULT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "CONSTRAINT", "COLLATE", "GENERATED"),
    *("AS", "COMMENT", "KEY", "INDEX", "FOREIGN", "ON", "AUTOINCREMENT"),
)
VECTORS = ("vector", "halfvec", "sparsevec")
BITS = ("bit varying", "varbit", "bitstring")
WRITTEN = re.compile(r'(?:\w+|"[\w ]+"|\[[\w ]+\])(?:[ .]+(?:\w+|"[\w ]+"))*+(?: ?\([\w ,+-]*\))?(?:\[\])*')
MOST_WRITTEN = 200  # characters


def other_type(cursor: Cursor, start: int, form: str, size: int | None = None) -> OtherType:
    """Type from a token to the next one; without a name if it is more than words and arguments."""
    text = " ".join(cursor.sql.text[cursor.tokens[start].start : cursor.tokens[cursor.at - 1].end].split())
    is_plain = len(text) <= MOST_WRITTEN and WRITTEN.fullmatch(text)
    return OtherType(cursor.sql.dialect, text if is_plain else "", form, size)


def unknown(cursor: Cursor, start: int) -> Column:
    """Go past a type that nobody knows: a name, and what is in parentheses."""
    cursor.at = start
    if cursor.one_of(*NO_TYPES):
        cursor.fail(f"there is no type {cursor.tokens[start].text} in {cursor.sql.dialect}; declare one")
    cursor.qualified()
    if cursor.symbol("("):
        cursor.group()
    while cursor.symbol("[") and cursor.symbol("]", 1):
        cursor.at += 2
    return Column("", "text", other=other_type(cursor, start, "unknown"))


def is_type_word(cursor: Cursor) -> bool:
    """Whether a word of a type of SQLite is next."""
    return bool(cursor) and cursor.tokens[cursor.at].kind in ("word", "quoted") and not cursor.one_of(*NO_TYPES)


def by_affinity(cursor: Cursor, start: int) -> Column:
    """Go past any words that SQLite takes for a type, and give the kind by its rules of affinity."""
    cursor.at = start
    words, size = [], None
    while is_type_word(cursor):
        words.append(cursor.take().text.upper())
    name = " ".join(words)
    if cursor.symbol("("):
        first = cursor.group()
        token = first.tokens[0] if first else None
        size = int(token.text) if token is not None and token.text.isdecimal() and len(token.text) < 10 else None
    other = other_type(cursor, start, "kind")
    if "INT" in name:
        return Column("", "integer", bits=64, other=other)
    if any(part in name for part in ("CHAR", "CLOB", "TEXT")):
        return Column("", "text", length=size or None, other=other)
    if "BLOB" in name:
        return Column("", "blob", other=other)
    if any(part in name for part in ("REAL", "FLOA", "DOUB")):
        return Column("", "float", other=other)
    return Column("", "decimal", other=other)


def unknown_notes(tables: list[DeclaredTable]) -> tuple[str, ...]:
    """Say which columns are of types that nobody knows, by type."""
    skipped = Skipped()
    for column in (column for table in tables for column in table.columns if column.is_unknown):
        none = "drawn as missing" if column.is_nullable else "which must not be missing"
        name = column.other.name if column.other else ""
        drawn = none if column.default is None else "drawn as its default"
        skipped.add(f"column of the unknown type {name or '?'}, {drawn}", column.line)
    return skipped.notes()
