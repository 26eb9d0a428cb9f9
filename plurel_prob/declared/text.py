"""SQL as text: files, places in them, tokens."""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import accumulate
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn

from plurel_prob.errors import DatabaseError

Dialect = Literal["postgresql", "sqlite", "mysql", "duckdb", "sqlserver"]


def fail(source: str, line: int | None, message: str) -> NoReturn:
    """Refuse a schema; the message names where it is from, and the line if it has one.

    Raises:
        DatabaseError: always.
    """
    place = source if line is None else f"{source}, line {line}"
    raise DatabaseError(f"{place}: {' '.join(message.split())}")


class Token(NamedTuple):
    """A token: its text as written, or what is between its quotes; where it starts and ends."""

    kind: Literal["word", "quoted", "string", "number", "symbol"]
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of some words, which are in capitals."""
        return self.kind == "word" and self.text.upper() in words


@dataclass(frozen=True)
class Sql:
    """Text of a file, or of one expression, in a dialect; ``first_line`` is that of its first character, if it has one."""

    source: str
    text: str
    dialect: Dialect
    first_line: int | None = field(default=1)

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate((len(line) for line in self.text.splitlines(keepends=True)), initial=0))

    def line(self, offset: int) -> int | None:
        """Line of a character."""
        if self.first_line is None:
            return None
        return self.first_line + bisect_right(self._starts, min(offset, max(len(self.text) - 1, 0))) - 1

    def fail(self, offset: int, message: str) -> NoReturn:
        """Refuse what is at a character."""
        fail(self.source, self.line(offset), message)

    def token(self, start: int) -> tuple[Token | None, int]:
        """Token at a character, None for a space or a comment; and where the next one starts.

        Raises:
            DatabaseError: a quote or a comment that starts here is not closed.
        """
        if self.text.startswith("/*", start):
            return None, self._comment_end(start)
        match = _pattern(self.dialect).match(self.text, start)
        assert match is not None  # the last alternative is any character
        kind = str(match.lastgroup)
        if kind == "space":
            return None, match.end()
        if kind == "unclosed":
            self.fail(start, f"a quote {match.group()[-1]} is opened here and never closed")
        return _token(kind, match), match.end()

    def data_end(self, start: int) -> int:
        """Where a statement ends that is not to be read, or the line of one in the dialect of SQL Server."""
        match = _data(self.dialect).match(self.text, start)
        return start if match is None else match.end()

    def _comment_end(self, start: int) -> int:
        is_nested = self.dialect in ("postgresql", "sqlserver")
        depth = 0
        for match in re.compile(r"/\*|\*/").finditer(self.text, start):
            opens = match.group() == "/*"
            depth = (depth + 1 if is_nested else 1) if opens else depth - 1
            if depth == 0:
                return match.end()
        self.fail(start, "a comment /* is opened here and never closed")


def _token(kind: str, match: re.Match[str]) -> Token:
    text, start, end = match.group(), match.start(), match.end()
    if kind == "dollar":
        return Token("string", text, start, end)
    if kind in ("string", "escaped"):
        body = text[text.index(text[-1]) + 1 : -1].replace(text[-1] * 2, text[-1])
        return Token("string", re.sub(r"\\(.)", r"\1", body, flags=re.S) if kind == "escaped" else body, start, end)
    if kind == "quoted":
        return Token("quoted", text[1:-1].replace(text[-1] * 2, text[-1]), start, end)
    return Token("word" if kind == "word" else "number" if kind == "number" else "symbol", text, start, end)


def _quoted(dialect: Dialect) -> tuple[str, str, list[str]]:
    """Patterns of strings with backslashes, of plain ones, and of quoted names and bodies in dollars."""
    if dialect == "mysql":
        escaped = r"(?:[NnXxBb]|_\w+\s*)?'(?:[^'\\]|''|\\.)*'" + r'|"(?:[^"\\]|""|\\.)*"'
    else:
        escaped = r"[Ee]'(?:[^'\\]|''|\\.)*'"
    names = {"mysql": "`", "sqlite": '"`'}.get(dialect, '"')
    quoted = [rf"{quote}(?:[^{quote}]|{quote}{quote})*{quote}" for quote in names]
    if dialect in ("sqlserver", "sqlite"):
        quoted.append(r"\[(?:[^\]]|\]\])*\]")
    return escaped, r"(?:[NnXxBb]|[Uu]&)?'(?:[^']|'')*'", quoted


DOLLARS = r"\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$"


@cache
def _pattern(dialect: Dialect) -> re.Pattern[str]:
    """One token; strings of MySQL escape with a backslash and have either quote."""
    is_mysql, has_dollars = dialect == "mysql", dialect in ("postgresql", "duckdb")
    escaped, string, quoted = _quoted(dialect)
    alternatives = [
        r"(?P<space>\s+|--[^\n]*" + (r"|\#[^\n]*)" if is_mysql else ")"),
        rf"(?P<escaped>{escaped})",
        rf"(?P<string>{string})",
        rf"(?P<dollar>{DOLLARS})" if has_dollars else "",
        rf"(?P<quoted>{'|'.join(quoted)})",
        r"(?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)",
        r"(?P<unclosed>(?:\b(?:[NnXxBbEe]|[Uu]&))?'" + (r'|["`])' if is_mysql else '|"|`)' if dialect == "sqlite" else '|")'),
        r"(?P<word>@{0,2}[^\W\d][\w$#]*|\#{1,2}[^\W\d][\w$#]*)",
        r"(?P<symbol>::|[<>!]=|<>|.)",
    ]
    return re.compile("|".join(part for part in alternatives if part), re.S)


@cache
def _data(dialect: Dialect) -> re.Pattern[str]:
    """Anything up to the end of a statement, or of a line in the dialect of SQL Server, without going back."""
    end = ";\\n" if dialect == "sqlserver" else ";"
    escaped, string, quoted = _quoted(dialect)
    comments = [r"--[^\n]*", r"/\*.*?\*/"] + ([r"\#[^\n]*"] if dialect == "mysql" else [])
    dollars = [DOLLARS] if dialect in ("postgresql", "duckdb") else []
    parts = [rf"[^\w'\"`\[$#/\-{end}]++", escaped, string, r"\w++", *quoted, *dollars, *comments, rf"[^'\"`{end}]"]
    return re.compile(f"(?:{'|'.join(parts)})*+", re.S)


def read_text(path: Path) -> str:
    """Text of a file.

    Raises:
        DatabaseError: there is none, or it is no text.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DatabaseError(f"{path}: no such file; give a file of CREATE TABLE statements") from None
    except OSError as error:
        raise DatabaseError(f"{path}: cannot be read: {error.strerror}") from None
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        fail(str(path), line, "is no text in UTF-8; convert it, for instance with `iconv -f latin1 -t utf-8`")
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        fail(str(path), line, "is a binary file, no SQL; give a file of CREATE TABLE statements")
    return text
