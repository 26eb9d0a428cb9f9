"""A file of SQL cut into statements."""

import re
from collections.abc import Iterator

from plurel_prob.declared.text import Sql, Token

ROUTINES = ("TRIGGER", "PROCEDURE", "PROC", "FUNCTION", "EVENT")  # their bodies are statements, too
OBJECTS = (
    *(*ROUTINES, "TABLE", "VIEW", "INDEX", "TYPE", "DOMAIN", "SEQUENCE", "SCHEMA", "DATABASE", "ROLE", "USER", "MACRO", "RULE"),
    *("PUBLICATION", "SUBSCRIPTION", "POLICY", "EXTENSION", "STATISTICS", "SERVER", "COLLATION", "CAST", "OPERATOR", "LANGUAGE"),
    *("SYNONYM", "LOGIN", "ASSEMBLY", "FULLTEXT", "PRIVILEGES", "SECRET", "PARTITION", "AGGREGATE", "TABLESPACE", "WRAPPER"),
    *("XML", "CONVERSION", "TRANSFORM", "TEXT", "ACCESS", "GROUP", "TRANSLATION"),
)
MOST_HEAD = 12  # tokens of a statement among which its object is
LOOPS = ("IF", "LOOP", "WHILE", "REPEAT")  # END IF closes no BEGIN
OPENERS = ("INSERT", "EXEC", "EXECUTE", "USE", "PRINT", "DECLARE", "GRANT", "IF", "BEGIN", "END", "UPDATE", "DELETE", "SELECT")
CLIENT_COMMANDS = {
    "postgresql": re.compile(r"[ \t]*+\\[^\n]*+"),
    "sqlite": re.compile(r"[ \t]*+\.[a-z][^\n]*+"),
    "sqlserver": re.compile(r"[ \t]*+(?::[^\n]*+|GO(?:[ \t]++\d++)?[ \t]*+;?[ \t\r]*+(?=\n|\Z))", re.I),
    "mysql": re.compile(r"[ \t]*+(?:DELIMITER[ \t]++(?P<delimiter>\S++)|SOURCE[ \t]|\\\.)[^\n]*+", re.I),
}
NEXT_WORD = re.compile(r"\s*+(\w*+)")
DATA_END = re.compile(r"^\\\.[ \t\r]*+$", re.M)


def object_kind(tokens: list[Token]) -> str:
    """What a statement that starts with CREATE or ALTER is about: TABLE, INDEX ...; empty for other statements."""
    if not tokens or not tokens[0].is_word("CREATE", "ALTER"):
        return ""
    return next((token.text.upper() for token in tokens[1:MOST_HEAD] if token.is_word(*OBJECTS)), "")


def split_statements(sql: Sql) -> Iterator[list[Token]]:
    r"""Tokens of one statement after another, without what ends them.

    Bodies of routines, dollar-quoted or from BEGIN to END, belong to their statement; the data of ``COPY ... FROM stdin`` is left
    out. A command of a store's own client (``GO``, ``DELIMITER``, ``\connect`` ...) is a statement of one token. In the dialect
    of SQL Server, a statement ends where the next one starts a line.

    Raises:
        DatabaseError: a quote or a comment is not closed.
    """
    at, delimiter, end, is_line_start, head = 0, ";", len(sql.text), True, _Head(sql)
    commands = CLIENT_COMMANDS.get(sql.dialect)
    while at < end:
        if is_line_start and commands is not None and (not head.tokens or sql.dialect == "sqlserver"):
            command = commands.match(sql.text, at)
            if command is not None:
                yield from head.ended()
                yield [Token("command", command.group().strip(), at, command.end())]
                delimiter = command.groupdict().get("delimiter") or delimiter
                at = command.end()
                continue
        if sql.text.startswith(delimiter, at) and (delimiter != ";" or head.can_end):
            at = _data_end(sql.text, at) if _is_copy(head.tokens) else at + len(delimiter)
            yield from head.ended()
            is_line_start = sql.dialect == "postgresql"  # its commands may follow in the line
            continue
        token, after = sql.token(at)
        if token is None:
            is_line_start = is_line_start or at == 0 or "\n" in sql.text[at:after]
        else:
            if delimiter != ";" and token.kind == "word" and delimiter in token.text:  # END$$
                *complete, token = _pieces(token, delimiter)
                for piece in complete:
                    head.tokens += [piece] if piece.text else []
                    yield from head.ended()
            if sql.dialect == "sqlserver" and head.starts_another(token, is_line_start):
                yield from head.ended()
            if token.text or token.kind != "word":
                head.add(token)
            is_line_start = False
            if len(head.tokens) == 1 and token.is_word("INSERT", "REPLACE") and delimiter == ";":
                after = sql.data_end(after)
        at = after
    yield from head.ended()


def _pieces(token: Token, delimiter: str) -> list[Token]:
    """Parts of a word between the delimiters in it."""
    found, start = [], token.start
    for part in token.text.split(delimiter):
        found.append(Token("word", part, start, start + len(part)))
        start += len(part) + len(delimiter)
    return found


def _is_copy(tokens: list[Token]) -> bool:
    return bool(tokens) and tokens[0].is_word("COPY") and any(token.is_word("STDIN") for token in tokens)


def _data_end(text: str, at: int) -> int:
    end = DATA_END.search(text, at)
    return len(text) if end is None else end.end()


class _Head:
    """The statement that is being read.

    Attributes:
        tokens: so far.
        kind: what it is about, see ``object_kind``.
        depth: how many BEGIN and CASE of a routine are open.
        n_open: how many parentheses are open.
    """

    def __init__(self, sql: Sql):
        self.sql, self.tokens, self.kind, self.depth, self.n_open = sql, list[Token](), "", 0, 0

    def ended(self) -> Iterator[list[Token]]:
        """Give its tokens, if it has some, and start another one."""
        if self.tokens:
            yield self.tokens
        self.__init__(self.sql)  # type: ignore[misc]

    @property
    def can_end(self) -> bool:
        """Whether a semicolon ends it; a routine of SQL Server ends with GO."""
        return self.kind not in ROUTINES or (self.depth <= 0 and self.sql.dialect != "sqlserver")

    def add(self, token: Token) -> None:
        """Add a token."""
        self.tokens.append(token)
        if token.kind == "symbol":
            self.n_open += (token.text == "(") - (token.text == ")")
        elif token.kind == "word":
            if self.kind in ROUTINES:
                self.depth += self._opened(token)
            if not self.kind and len(self.tokens) <= MOST_HEAD:
                self.kind = object_kind(self.tokens)

    def _opened(self, token: Token) -> int:
        """How many more BEGIN and CASE of a routine are open after a token."""
        if self.tokens[-2].is_word("END"):
            return 1 if token.is_word(*LOOPS) else 0  # the END before was none of a BEGIN
        return 1 if token.is_word("BEGIN", "CASE") else -1 if token.is_word("END") else 0

    def starts_another(self, token: Token, is_line_start: bool) -> bool:
        """Whether a token starts another statement although this one has not ended; never within parentheses or a routine.

        CREATE TABLE does so within a line, too, and anything after IF NOT EXISTS (...).
        """
        if not self.tokens or self.n_open != 0 or token.kind != "word" or self.kind in ROUTINES or self._has_elements():
            return False
        is_free = is_line_start or self.tokens[0].is_word("IF", "ELSE", "BEGIN")
        if not (is_free or token.is_word("CREATE", "ALTER")):
            return False
        word = NEXT_WORD.match(self.sql.text, token.end).group(1).upper()  # type: ignore[union-attr]
        if token.is_word("CREATE", "ALTER", "DROP"):
            if not is_free:
                return word == "TABLE" and not token.is_word("DROP") and self.kind == "TABLE"
            return word in OBJECTS or (token.is_word("CREATE") and word in ("UNIQUE", "CLUSTERED", "NONCLUSTERED", "OR"))
        return is_free and (token.is_word(*OPENERS) or (token.is_word("SET") and word not in ("NULL", "DEFAULT")))

    def _has_elements(self) -> bool:
        """Whether tables that follow are elements of CREATE SCHEMA."""
        return self.kind == "SCHEMA" and self.tokens[0].is_word("CREATE") and self.tokens[1].is_word("SCHEMA")
