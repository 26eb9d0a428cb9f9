"""A file of SQL cut into statements."""

import re
from collections.abc import Iterator

from plurel_prob.declared.text import Sql, Token

ROUTINES = ("TRIGGER", "PROCEDURE", "PROC", "FUNCTION", "EVENT")  # their bodies are statements, too
OBJECTS = (
    *(*ROUTINES, "TABLE", "VIEW", "INDEX", "TYPE", "DOMAIN", "SEQUENCE", "SCHEMA", "DATABASE", "ROLE", "USER", "MACRO", "RULE"),
    *("PUBLICATION", "SUBSCRIPTION", "POLICY", "EXTENSION", "STATISTICS", "SERVER", "COLLATION", "CAST", "OPERATOR", "LANGUAGE"),
    *("SYNONYM", "LOGIN", "ASSEMBLY", "FULLTEXT", "PRIVILEGES", "SECRET"),
)
LOOPS = ("IF", "LOOP", "WHILE", "REPEAT")  # END IF closes no BEGIN
OPENERS = ("INSERT", "EXEC", "EXECUTE", "USE", "PRINT", "DECLARE", "GRANT", "IF", "BEGIN", "END", "UPDATE", "DELETE", "SELECT")
CLIENT_COMMANDS = {
    "postgresql": re.compile(r"[ \t]*\\[^\n]*"),
    "sqlite": re.compile(r"[ \t]*\.[a-z][^\n]*"),
    "sqlserver": re.compile(r"[ \t]*(?::[^\n]*|GO(?:[ \t]+\d+)?[ \t]*;?[ \t\r]*(?=\n|\Z))", re.I),
    "mysql": re.compile(r"[ \t]*DELIMITER[ \t]+(\S+)[^\n]*", re.I),
}


def object_kind(tokens: list[Token]) -> str:
    """What a statement that starts with CREATE or ALTER is about: TABLE, INDEX ...; empty for other statements."""
    if not tokens or not tokens[0].is_word("CREATE", "ALTER"):
        return ""
    head = tokens[1:12]
    return next((token.text.upper() for token in head if token.is_word(*OBJECTS)), "")


def split_statements(sql: Sql) -> Iterator[list[Token]]:
    r"""Tokens of one statement after another, without what ends them.

    Bodies of routines, dollar-quoted or from BEGIN to END, belong to their statement; commands of a store's own client (``GO``,
    ``DELIMITER``, ``\connect`` ...) and the data of ``COPY ... FROM stdin`` are left out. In the dialect of SQL Server, a
    statement ends where the next one starts a line.

    Raises:
        DatabaseError: a quote or a comment is not closed.
    """
    at, delimiter, tokens, depth, is_line_start = 0, ";", list[Token](), 0, True
    commands, end = CLIENT_COMMANDS.get(sql.dialect), len(sql.text)
    while at < end:
        command = commands.match(sql.text, at) if commands is not None and is_line_start else None
        if command is not None and (not tokens or sql.dialect == "sqlserver"):
            yield tokens
            delimiter, tokens, depth = command.group(1) if sql.dialect == "mysql" else ";", [], 0
            at = command.end()
            continue
        is_batch = sql.dialect == "sqlserver" and object_kind(tokens) in ROUTINES  # it ends with GO
        if sql.text.startswith(delimiter, at) and (delimiter != ";" or (depth <= 0 and not is_batch)):
            is_copy = bool(tokens) and tokens[0].is_word("COPY") and tokens[-1].is_word("STDIN")
            at = _data_end(sql.text, at) if is_copy else at + len(delimiter)
            yield tokens
            tokens, depth, is_line_start = [], 0, False
            continue
        token, after = sql.token(at)
        if token is not None:
            if token.kind == "word" and delimiter in token.text:  # END$$
                after = at + token.text.index(delimiter)
                token = Token("word", sql.text[at:after], at, after)
            if (
                sql.dialect == "sqlserver"
                and (is_line_start or _is_conditional(tokens))
                and _starts_statement(sql, token, after, tokens)
            ):
                yield tokens
                tokens, depth = [], 0
            depth = _depth(tokens, token, depth)
            tokens.append(token)
            is_line_start = False
            if len(tokens) == 1 and token.is_word("INSERT", "REPLACE") and delimiter == ";":
                after = sql.data_end(after)
        else:
            is_line_start = "\n" in sql.text[at:after] or is_line_start or at == 0
        at = after
    yield tokens


def _data_end(text: str, at: int) -> int:
    end = re.compile(r"^\\\.[ \t\r]*$", re.M).search(text, at)
    return len(text) if end is None else end.end()


def _depth(tokens: list[Token], token: Token, depth: int) -> int:
    """How many BEGIN and CASE of a routine are open after a token."""
    if token.kind != "word" or object_kind(tokens) not in ROUTINES:
        return 0
    if tokens[-1].is_word("END"):
        return depth + 1 if token.is_word(*LOOPS) else depth  # the END before was none of a BEGIN
    return depth + 1 if token.is_word("BEGIN", "CASE") else depth - 1 if token.is_word("END") else depth


def _is_conditional(tokens: list[Token]) -> bool:
    """Whether what follows may be a statement of its own: IF NOT EXISTS (...) CREATE TABLE."""
    return bool(tokens) and tokens[0].is_word("IF", "ELSE", "BEGIN")


def _starts_statement(sql: Sql, token: Token, after: int, tokens: list[Token]) -> bool:
    """Whether a statement starts here although none has ended; never within parentheses or a routine."""
    if not tokens or object_kind(tokens) in ROUTINES or token.kind != "word":
        return False
    open_parentheses = sum({"(": 1, ")": -1}.get(item.text, 0) for item in tokens if item.kind == "symbol")
    if open_parentheses != 0:
        return False
    following = re.compile(r"\s*(\w*)").match(sql.text, after)
    word = following.group(1).upper() if following else ""
    if token.is_word("CREATE", "ALTER", "DROP"):
        return word in OBJECTS or (token.is_word("CREATE") and word in ("UNIQUE", "CLUSTERED", "NONCLUSTERED", "OR"))
    return token.is_word(*OPENERS) or (token.is_word("SET") and word not in ("NULL", "DEFAULT"))
