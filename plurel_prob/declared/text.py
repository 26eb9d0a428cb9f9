"""SQL as text: files, places in them, tokens.

Every pattern is linear in the text that it is given: repeats are possessive, and an opener that nothing closes ends the reading.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn

from plurel_prob.errors import DatabaseError, reason, shown

Dialect = Literal["postgresql", "sqlite", "mysql", "duckdb", "sqlserver"]
MAX_MESSAGE = 1000  # characters
NESTED_COMMENTS = ("postgresql", "sqlserver")
BACKSLASH = r"\\"
COMMENT_SIGN = re.compile(r"/\*|\*/")


class SchemaError(DatabaseError):
    """What is wrong with a schema, and in which line, if it has one."""

    def __init__(self, source: str, line: int | None, problem: str):
        self.line, self.problem = line, shown(" ".join(problem.split()), MAX_MESSAGE)
        super().__init__(f"{source if line is None else f'{source}, line {line}'}: {self.problem}")


def fail(source: str, line: int | None, message: str) -> NoReturn:
    """Refuse a schema; the message names where it is from, and the line if it has one.

    Raises:
        SchemaError: always.
    """
    raise SchemaError(source, line, message)


class Token(NamedTuple):
    """A token: its text as written, or what is between its quotes; where it starts and ends. A command is a line of a store's
    own client, such as ``GO``.
    """

    kind: Literal["word", "quoted", "string", "number", "symbol", "command"]
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of some words, which are in capitals."""
        return self.kind == "word" and self.text.upper() in words


@dataclass(frozen=True)
class Sql:
    """Text of a file, or of one expression, in a dialect.

    Attributes:
        source: what errors name.
        text: the text.
        dialect: of SQL.
        first_line: line of its first character; None: it has none.
        is_included: whether the file that is read names it: its lines are none of that file.
    """

    source: str
    text: str
    dialect: Dialect
    first_line: int | None = field(default=1)
    is_included: bool = False

    @cached_property
    def _ends(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.text)]

    def line(self, offset: int) -> int | None:
        """Line of a character in the file that is read."""
        return None if self.is_included else self.own_line(offset)

    def own_line(self, offset: int) -> int | None:
        """Line of a character in the file that has it."""
        if self.first_line is None:
            return None
        return self.first_line + bisect_left(self._ends, min(offset, max(len(self.text) - 1, 0)))

    def fail(self, offset: int, message: str) -> NoReturn:
        """Refuse what is at a character."""
        fail(self.source, self.own_line(offset), message)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """One token."""
        return _pattern(self.dialect)

    def token(self, start: int) -> tuple[Token | None, int]:
        """Token at a character, None for a space or a comment; and where the next one starts.

        Raises:
            DatabaseError: a quote or a comment that starts here is not closed.
        """
        match = self.pattern.match(self.text, start)
        assert match is not None  # the last alternative is any character
        kind, after = match.lastgroup, match.end()
        if kind == "space":
            return None, after
        text = match[kind]  # type: ignore[index]
        if kind == "word" or kind == "symbol" or kind == "number":
            return Token(kind, text, start, start + len(text)), after  # type: ignore[arg-type]
        if kind == "comment":
            return None, self._comment_end(start)
        if kind == "dollar":
            end = self.text.find(text, start + len(text)) + len(text)
            if end > start + len(text):
                return Token("string", self.text[start:end], start, end), end
        if kind in ("dollar", "unclosed"):
            self.fail(start, f"a quote {text if kind == 'dollar' else text[-1]} is opened here and never closed")
        return _quote(str(kind), text, start), after

    def data_end(self, start: int) -> int:
        """Where a statement ends that is not to be read, or the line of one in the dialect of SQL Server; or where a quote or a
        comment starts that this pattern cannot go past.
        """
        match = _data(self.dialect).match(self.text, start)
        return start if match is None else match.end()

    def _comment_end(self, start: int) -> int:
        if self.dialect not in NESTED_COMMENTS:
            end = self.text.find("*/", start + 2) + 2
            if end > 1:
                return end
        else:
            depth = 0
            for match in COMMENT_SIGN.finditer(self.text, start):
                depth += 1 if match.group() == "/*" else -1
                if depth == 0:
                    return match.end()
        self.fail(start, "a comment /* is opened here and never closed")


def _quote(kind: str, text: str, start: int) -> Token:
    """Token of what is between quotes."""
    end = start + len(text)
    if kind in ("string", "escaped"):
        body = text[text.index(text[-1]) + 1 : -1].replace(text[-1] * 2, text[-1])
        return Token("string", re.sub(r"\\(.)", r"\1", body, flags=re.S) if kind == "escaped" else body, start, end)
    return Token("quoted", text[1:-1].replace(text[-1] * 2, text[-1]), start, end)


def _between(opener: str, closer: str, escape: str = "") -> str:
    """Pattern of a quote: a closer within it is doubled, or behind the escape."""
    doubled = re.escape(closer) * 2
    other = rf"|{escape}." if escape else ""
    plain = rf"[^{re.escape(closer)}{escape}]*+"
    return rf"{re.escape(opener)}{plain}(?:(?:{doubled}{other}){plain})*+{re.escape(closer)}"


def _strings(dialect: Dialect) -> dict[str, str]:
    """Patterns of strings; those of MySQL escape with a backslash and have either quote."""
    plain, escaped = _between("'", "'"), _between("'", "'", BACKSLASH)
    if dialect == "mysql":
        double = _between('"', '"', BACKSLASH)
        return {"escaped": rf"(?:[NnXxBb]|_\w++\s*+)?{escaped}|{double}"}
    return {"escaped": f"[Ee]{escaped}", "string": f"(?:[NnXxBb]|[Uu]&)?{plain}"}


def _quoted(dialect: Dialect) -> list[str]:
    """Patterns of quoted names."""
    names = {"mysql": "`", "sqlite": '"`'}.get(dialect, '"')
    quoted = [_between(quote, quote) for quote in names]
    if has_brackets(dialect):
        quoted.append(_between("[", "]"))
    return quoted


def has_brackets(dialect: Dialect) -> bool:
    """Whether names may be in brackets."""
    return dialect in ("sqlserver", "sqlite")


def has_dollars(dialect: Dialect) -> bool:
    """Whether strings may be between tags in dollars."""
    return dialect in ("postgresql", "duckdb")


DOLLAR = r"\$(?:[^\W\d]\w*+)?\$"


@cache
def _pattern(dialect: Dialect) -> re.Pattern[str]:
    """One token, or what opens it, and a space."""
    is_mysql = dialect == "mysql"
    quotes = r'"`' if is_mysql or dialect == "sqlite" else '"'
    alternatives = [
        r"(?P<space>\s++|--[^\n]*+" + (r"|\#[^\n]*+)" if is_mysql else ")"),
        r"(?P<comment>/\*)",
        *(f"(?P<{kind}>{string})" for kind, string in _strings(dialect).items()),
        rf"(?P<dollar>{DOLLAR})" if has_dollars(dialect) else "",
        rf"(?P<quoted>{'|'.join(_quoted(dialect))})",
        r"(?P<number>0[xX][0-9a-fA-F]++|(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?)",
        rf"(?P<unclosed>(?:\b(?:[NnXxBbEe]|[Uu]&))?'|[{quotes}{'[' if has_brackets(dialect) else ''}])",
        r"(?P<word>@{0,2}[^\W\d][\w$#]*+|\#{1,2}[^\W\d][\w$#]*+)",
        r"(?P<symbol>::|[<>!]=|<>|.)",
    ]
    return re.compile(f"(?:{'|'.join(part for part in alternatives if part)}) ?", re.S)


@cache
def _data(dialect: Dialect) -> re.Pattern[str]:
    """Anything up to the end of a statement, or of a line in the dialect of SQL Server, or to a quote or comment that is not
    closed, or is nested: without going back.
    """
    end = ";\\n" if dialect == "sqlserver" else ";"
    word = r"\w++" if dialect == "mysql" else r"(?![Ee]')\w++"
    inner = r"|/(?!\*)" if dialect in NESTED_COMMENTS else "|/"
    comments = [r"--[^\n]*+", rf"/\*(?:[^*/]|\*(?!/){inner})*+\*/"] + ([r"\#[^\n]*+"] if dialect == "mysql" else [])
    dollars = [r"\$(?P<tag>(?:[^\W\d]\w*+)?)\$.*?\$(?P=tag)\$"] if has_dollars(dialect) else []
    openers = rf"/\*|{DOLLAR}" if has_dollars(dialect) else r"/\*"
    other = rf"(?!{openers})[^'\"`{end}{'[' if has_brackets(dialect) else ''}]"
    parts = [rf"[^\w'\"`\[$#/\-{end}]++", *_strings(dialect).values(), word]
    parts += [*_quoted(dialect), *dollars, *comments, rf"(?!\w){other}"]
    return re.compile(f"(?:{'|'.join(parts)})*+", re.S)


def read_text(path: Path) -> str:
    """Text of a file; byte-order marks within it, as files have that were put together, are spaces.

    Raises:
        DatabaseError: there is none, or it is no text.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DatabaseError(f"{path}: no such file; give a file of CREATE TABLE statements") from None
    except OSError as error:
        raise DatabaseError(f"{path}: cannot be read: {reason(error)}") from None
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        fail(str(path), line, "is no text in UTF-8; convert it, for instance with `iconv -f latin1 -t utf-8`")
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        fail(str(path), line, "is a binary file, no SQL; give a file of CREATE TABLE statements")
    return text.replace("\ufeff", " ").rstrip("\x1a")
