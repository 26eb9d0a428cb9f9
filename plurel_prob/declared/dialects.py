"""Dialects of SQL, and how to tell which one a file is in."""

import re
from pathlib import Path

from plurel_prob.declared.text import Dialect
from plurel_prob.errors import DatabaseError

NAMES: dict[str, Dialect] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "sqlite": "sqlite",
    "mysql": "mysql",
    "mariadb": "mysql",
    "duckdb": "duckdb",
    "sqlserver": "sqlserver",
    "mssql": "sqlserver",
    "tsql": "sqlserver",
}
IN_FILE_NAMES = NAMES | {"pg": "postgresql", "psql": "postgresql", "sqlite3": "sqlite"}
CLEAR = 5  # a lead that settles it
MOST = 1_000_000  # characters in which to look for signs
# what hardly occurs in another dialect, and how much that says; where nothing tells, the first dialect that reads the file
SIGNS: dict[Dialect, dict[str, int]] = {
    "postgresql": {
        r"::\s*\"?\w": 3,
        r"\bcharacter varying\b": 2,
        r"\b(?:big|small)?serial\b": 2,
        r"\$(?:[^\W\d]\w*+)?\$": 2,
        r"\bowner to\b": 4,
        r"\bnextval\s*\(": 4,
        r"\b(?:bytea|tsvector|jsonb|citext|regclass|plpgsql|pg_catalog)\b": 4,
        r"\bfrom stdin\b": 4,
        r"\bcreate (?:type \S+ as enum|domain)\b": 2,
        r"\bset search_path\b": 4,
        r"\bwithout time zone\b": 3,
        r"\b(?:timestamptz|\w+\[\])": 1,
        r"\binherits\s*\(": 3,
    },
    "sqlite": {
        r"\bautoincrement\b": 5,
        r"\bpragma\b": 5,
        r"\bwithout rowid\b": 5,
        r"\)\s*strict\b": 4,
        r"\binteger\s+primary key\b": 1,
        r"\[\w+\]\s+integer\b": 6,
        r"\bsqlite_\w+": 4,
        r"\bdatetime\s*\(\s*'now'": 3,
        r"\bbegin\s+transaction\b": 1,
    },
    "mysql": {
        r"`\w+`": 3,
        r"\bengine\s*=": 5,
        r"\bauto_increment\b": 5,
        r"^[ \t]*delimiter\b": 5,
        r"\bunsigned\b": 2,
        r"/\*!\d+": 5,
        r"\bon update current_timestamp\b": 4,
        r"\b(?:mediumint|tinytext|mediumtext|longtext|mediumblob|longblob|year)\b\s*[,(]?": 1,
        r"\benum\s*\(": 1,
        r"\bset\s*\(\s*'": 3,
        r"\bdefault charset\b": 5,
        r"^[ \t]*(?:unique |fulltext )?key\b": 2,
        r"^[ \t]*\#": 2,
    },
    "duckdb": {
        r"\bu?hugeint\b": 5,
        r"\bu(?:tiny|small|big)int\b|\buinteger\b": 5,
        r"\bcreate (?:or replace )?(?:macro|temp macro)\b": 4,
        r"\bcreate or replace table\b": 2,
        r"\b(?:struct|map|union)\s*\(": 3,
        r"\btimestamp_(?:s|ms|us|ns)\b": 4,
        r"\b(?:install|load|attach)\s+'?\w": 2,
    },
    "sqlserver": {
        r"^[ \t]*+go[ \t]*+;?[ \t\r]*+$": 5,
        r"\[dbo\]|\bdbo\.": 5,
        r"\bidentity\s*(?:\(|,|not|primary)": 3,
        r"\b(?:nvarchar|uniqueidentifier|datetime2|datetimeoffset|smalldatetime|ntext|rowversion)\b": 3,
        r"\[\w+\]\s*(?:\[\w+\]|\w+)": 2,
        r"\b(?:non)?clustered\b": 4,
        r"\bgetdate\s*\(": 4,
        r"\bwith (?:no)?check add\b": 5,
        r"\bvarchar\s*\(\s*max\s*\)": 5,
        r"\bset (?:ansi_nulls|quoted_identifier)\b": 5,
    },
}


def named(name: str) -> Dialect:
    """Dialect of a name.

    Raises:
        DatabaseError: there is none.
    """
    if name.lower() not in NAMES:
        raise DatabaseError(f"there is no dialect {name}; choose one of {', '.join(dict.fromkeys(NAMES.values()))}")
    return NAMES[name.lower()]


def guesses(path: Path, text: str) -> list[Dialect]:
    """Dialects that a file may be in, the likeliest first: by its name, such as x.mysql.sql, and by what occurs in it."""
    bare = re.sub(r"--[^\n]*+|/\*(?!!)(?:.*?\*/|.*+)", " ", text[:MOST], flags=re.S)
    hints = {IN_FILE_NAMES[part] for part in re.split(r"[._\-\s]", path.name.lower()) if part in IN_FILE_NAMES}
    scores: dict[Dialect, int] = {}
    for dialect, signs in SIGNS.items():
        found = sum(weight for sign, weight in signs.items() if re.search(sign, bare, re.I | re.M | re.S))
        scores[dialect] = found + (10 if dialect in hints else 0)
    likely = [dialect for dialect in SIGNS if scores[dialect] > max(scores.values()) - CLEAR]
    return sorted(likely, key=lambda dialect: -scores[dialect])
