"""Types of columns as the dialects name them.

Arrays are ``text``, as are types that are none of a column's kinds but are written like text (XML, addresses, ranges ...);
shapes are ``blob``. A type is a ``Column`` without a name. Unsized ``INT`` of SQLite has 32 bits, ``INTEGER`` 64.
"""

from dataclasses import replace
from functools import cache

from plurel_prob.declared.cursor import Cursor
from plurel_prob.declared.other_types import BITS, VECTORS, by_affinity, is_type_word, other_type, unknown
from plurel_prob.declared.schema import Column, Kind
from plurel_prob.declared.text import Dialect
from plurel_prob.errors import bounded_int

PADDED = ("char", "character", "nchar", "national char", "national character", "bpchar")
Types = dict[str, Column]
MAX_SIZE = 2**31 - 1  # characters, bytes or digits of a type


def _integers(is_unsigned: bool = False, **names: int | None) -> Types:
    return {name.replace("_", " "): Column("", "integer", bits=bits, is_unsigned=is_unsigned) for name, bits in names.items()}


def _all(kind: Kind, names: str) -> Types:
    return {name.strip(): Column("", kind) for name in names.split(",")}


YEAR = Column("", "integer", bits=16, low=1901, high=2155)
COMMON: Types = {
    **_integers(tinyint=8, smallint=16, int2=16, int=32, integer=32, int4=32, bigint=64, int8=64, serial=32, serial4=32),
    **_integers(smallserial=16, serial2=16, bigserial=64, serial8=64, int1=8, big_int=64, long=64),
    **_integers(True, oid=32, xid=32, unsigned_big_int=64),
    **_all("decimal", "decimal, numeric, dec, fixed, number"),
    **_all("float", "real, float, double, double precision, float4, float8"),
    **_all("boolean", "boolean, bool, bit, logical"),
    **_all("date", "date"),
    **_all("time", "time, time without time zone"),
    **_all("timestamp", "timestamp, timestamp without time zone, datetime, datetime2, smalldatetime"),
    **_all("interval", "interval"),
    **_all("uuid", "uuid, uniqueidentifier, guid"),
    **_all("json", "json, jsonb"),
    **_all("blob", "blob, bytea, binary, varbinary, binary varying, binary large object, image, bytes, long varbinary, raw"),
    **_all("blob", "tinyblob, mediumblob, longblob, geometry, geography, point, line, lseg, linestring, polygon, path"),
    **_all("blob", "box, circle, multipoint, multilinestring, multipolygon, geometrycollection, geomcollection, rowversion"),
    **_all("text", "text, varchar, char, character, bpchar, character varying, char varying, nvarchar, nchar, string, clob"),
    **_all("text", "tinytext, mediumtext, longtext, ntext, national character varying, national varchar, national character"),
    **_all("text", "national char, character large object, varchar2, nvarchar2, nclob, long varchar, blob sub_type text"),
    **_all("text", "native character, varying character, name, citext, sysname, xml, tsvector, tsquery, inet, cidr, macaddr"),
    **_all("text", "macaddr8, inet4, inet6, ltree, hstore, lquery, ltxtquery, jsonpath, regclass, regproc, regprocedure"),
    **_all("text", "regtype, regrole, regnamespace, regconfig, regdictionary, regoper, regoperator, refcursor, xid8"),
    **_all("text", "txid_snapshot, pg_snapshot, int4multirange, int8multirange, nummultirange, tsmultirange, tstzmultirange"),
    **_all("text", f"datemultirange, oidvector, tid, cid, {', '.join((*VECTORS, *BITS))}"),
    **_all("text", "regnamespace, regconfig, regdictionary, regoper, regoperator, refcursor, txid_snapshot, pg_snapshot, xid8"),
    **_all("text", "int4multirange, int8multirange, nummultirange, tsmultirange, tstzmultirange, datemultirange, oidvector"),
    **_all("text", f"tid, cid, {', '.join((*VECTORS, *BITS))}"),
    **_all("text", "int4range, int8range, numrange, tsrange, tstzrange, daterange, hierarchyid, sql_variant, pg_lsn"),
    "timetz": Column("", "time", has_zone=True),
    "time with time zone": Column("", "time", has_zone=True),
    "timestamptz": Column("", "timestamp", has_zone=True),
    "timestamp with time zone": Column("", "timestamp", has_zone=True),
    "datetimeoffset": Column("", "timestamp", has_zone=True),
    "money": Column("", "decimal", precision=19, scale=2),
    "char": Column("", "text", length=1),
    "character": Column("", "text", length=1),
    "nchar": Column("", "text", length=1),
}
DECIMAL = {"mysql": (10, 0), "sqlserver": (18, 0), "duckdb": (18, 3)}  # precision and scale where none is written
OF_DIALECT: dict[Dialect, Types] = {
    "postgresql": {},
    "sqlite": {**_integers(integer=64), **_all("text", "char, character, nchar, any")},
    "mysql": {
        "mediumint": Column("", "integer", bits=32, low=-8388608, high=8388607),
        "int3": Column("", "integer", bits=32, low=-8388608, high=8388607),
        "year": YEAR,
        **_integers(True, serial=64),
    },
    "duckdb": {
        **_integers(hugeint=None, int128=None, bigint=64, long=64, short=16, signed=32, bignum=None, varint=None),
        **_integers(
            True, utinyint=8, usmallint=16, uinteger=32, ubigint=64, uhugeint=None, uint8=8, uint16=16, uint32=32, uint64=64
        ),
        "bit": Column("", "text"),
        **_all("timestamp", "timestamp_s, timestamp_ms, timestamp_us, timestamp_ns"),
        **_all("text", "char, character, nchar"),
    },
    "sqlserver": {
        **_integers(True, tinyint=8),
        "timestamp": Column("", "blob", length=8),
        "money": Column("", "decimal", precision=19, scale=4),
        "smallmoney": Column("", "decimal", precision=10, scale=4),
        "varchar": Column("", "text", length=1),
        "nvarchar": Column("", "text", length=1),
    },
}
MOST_COMPONENTS = 16_000  # of a vector
MEDIUMINT_UNSIGNED = 16777215
INTERVAL_FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TO")


def read_type(cursor: Cursor, user_types: Types) -> Column:
    """Go past the type of a column, which may be one that the schema declares, or one that nobody knows.

    Raises:
        DatabaseError: there is no type, or it cannot be as it is written.
    """
    start = cursor.at
    quoted = cursor.tokens[start].kind == "quoted" if cursor else False
    schema, name = cursor.qualified()
    known = _types(cursor.sql.dialect)
    if name.lower() in user_types and schema.lower() not in ("pg_catalog", "sys"):
        return _array(cursor, user_types[name.lower()])
    if cursor.sql.dialect in ("mysql", "duckdb", "sqlite") and name.upper() in ("ENUM", "SET") and cursor.symbol("("):
        return _array(cursor, Column("", "category", labels=labels_of(cursor.group())))
    words = name.lower() if quoted or schema else _more_words(cursor, name.lower(), known)
    arguments = _arguments(cursor)
    words = _more_words(cursor, words, known)
    if cursor.sql.dialect == "sqlite" and (words not in known or words in (*VECTORS, *BITS)):
        return by_affinity(cursor, start)
    if words not in known:
        return _array(cursor, unknown(cursor, start))
    column = _modified(cursor, _sized(cursor, known[words], words, arguments))
    if cursor.sql.dialect == "sqlite" and is_type_word(cursor):
        return by_affinity(cursor, start)
    size = arguments[0] if arguments else None
    if words in VECTORS:
        if size is not None and not 1 <= size <= (MOST_COMPONENTS if words != "sparsevec" else 10**9):
            cursor.fail(f"a {words} has from 1 to {MOST_COMPONENTS:,} components")
        column = Column("", "text", other=other_type(cursor, start, "sparsevec" if words == "sparsevec" else "vector", size))
    elif words in BITS or (words == "bit" and column.kind == "text"):
        column = Column("", "text", length=size, other=other_type(cursor, start, "bits", size))
    return _array(cursor, column)


def labels_of(cursor: Cursor) -> tuple[str, ...]:
    """Labels of an enumeration: strings between commas.

    Raises:
        DatabaseError: there are none, or one comes twice.
    """
    labels = []
    for item in cursor.items():
        token = item.take()
        if token.kind != "string" or item:
            item.at = 0
            item.fail("labels of an enumeration are strings with commas between them")
        labels.append(token.text)
    if not labels or len(set(labels)) < len(labels):
        cursor.fail("an enumeration has one label or more, each of them once")
    return tuple(labels)


@cache
def _types(dialect: Dialect) -> Types:
    return COMMON | OF_DIALECT[dialect]


@cache
def _starts(dialect: Dialect) -> set[str]:
    """First words of names of types that have several."""
    return {" ".join(words[:n]) for words in map(str.split, _types(dialect)) for n in range(1, len(words))}


def _more_words(cursor: Cursor, words: str, known: Types) -> str:
    """Go past the words that make a longer name of a type."""
    longer, at, starts = words, cursor.at, _starts(cursor.sql.dialect)
    while at < len(cursor.tokens) and cursor.tokens[at].kind == "word":
        longer, at = f"{longer} {cursor.tokens[at].text.lower()}", at + 1
        if longer in known:
            words, cursor.at = longer, at
        elif longer not in starts:
            break
    return words


def _arguments(cursor: Cursor) -> list[int]:
    """Numbers in the parentheses after a type, -1 for ``MAX``; none of a shape, such as (Point, 4326)."""
    if not cursor.symbol("("):
        return []
    is_shape, numbers = False, []
    for item in cursor.group().items():
        token = item.take()
        if token.kind == "number" and token.text.isdecimal():
            number = bounded_int(token.text, MAX_SIZE)
            if number is None:
                item.at = 0
                item.fail(f"a type has lengths and digits of at most {MAX_SIZE:,}")
            numbers.append(number)
        elif token.is_word("MAX"):
            numbers.append(-1)
        elif token.kind in ("word", "quoted", "string") and not numbers:
            is_shape = True
        elif cursor.sql.dialect == "sqlite":
            is_shape = True  # it takes anything there
        else:
            item.at = 0
            item.unreadable()
    return [] if is_shape else numbers


def _sized(cursor: Cursor, column: Column, words: str, arguments: list[int]) -> Column:
    dialect = cursor.sql.dialect
    if column.kind in ("text", "blob") and arguments:
        is_padded = column.kind == "text" and words in PADDED and dialect in ("postgresql", "sqlserver")
        return replace(column, length=arguments[0] if arguments[0] >= 0 else None, is_padded=is_padded)
    if column.kind == "decimal" and column.precision is None:
        precision, scale = (*arguments, 0)[:2] if arguments else DECIMAL.get(dialect, (None, None))
        if precision is not None and scale is not None and not 0 <= scale <= precision:
            cursor.fail(f"a decimal of {precision} digits cannot have {scale} after the point; change one of them")
        if (precision, scale) == (39, 0) and dialect == "postgresql":  # as integers of 128 bits are written there
            return Column("", "integer")
        return replace(column, precision=precision, scale=scale)
    if words == "tinyint" and arguments == [1] and dialect == "mysql":
        return Column("", "boolean")
    if words == "bit" and (arguments not in ([], [1]) or dialect == "duckdb"):
        return _bits(dialect, *arguments[:1])
    return column


def _bits(dialect: Dialect, size: int = 1) -> Column:
    """Strings of bits, which are numbers in MySQL, and may be in SQLite."""
    if dialect in ("mysql", "sqlite") and 1 <= size < 64:
        return Column("", "integer", bits=64, high=2**size - 1, is_unsigned=True)
    return Column("", "integer", bits=64, is_unsigned=True) if dialect in ("mysql", "sqlite") else Column("", "text")


def _modified(cursor: Cursor, column: Column) -> Column:
    """Go past words after a type."""
    while cursor:
        if column.kind == "interval" and cursor.one_of(*INTERVAL_FIELDS):
            cursor.take()
            if cursor.symbol("("):
                cursor.group()
        elif cursor.accept("UNSIGNED"):
            column = replace(column, is_unsigned=column.kind == "integer", low=None if column.kind == "integer" else 0)
            column = replace(column, high=MEDIUMINT_UNSIGNED) if column.high is not None else column
        elif cursor.accept("CHARACTER", "SET") or cursor.accept("CHARSET"):
            cursor.name()
        elif not (cursor.accept("SIGNED") or cursor.accept("ZEROFILL") or cursor.accept("BINARY") or cursor.accept("ASCII")):
            break
    return column


def _array(cursor: Cursor, column: Column) -> Column:
    """Go past the brackets of an array, which is text."""
    is_array = cursor.accept("ARRAY")
    while cursor.accept_symbol("["):
        is_array = True
        while cursor and not cursor.accept_symbol("]"):
            cursor.take()
    return Column("", "text") if is_array else column
