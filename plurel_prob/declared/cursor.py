"""Reading a statement token by token."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NoReturn

from plurel_prob.declared.text import Sql, Token
from plurel_prob.errors import shown

Name = tuple[str, str]  # of a schema, empty if it is not written, and of what is in it


@dataclass
class Cursor:
    """Tokens of a statement, or of a part of it.

    Attributes:
        sql: where they are from.
        tokens: of this part.
        context: what errors name, such as "table film, column rating".
        at: index of the next token.
        origin: character where the part starts, for errors of what has no token.
    """

    sql: Sql
    tokens: list[Token]
    context: str
    at: int = 0
    origin: int = 0

    def __bool__(self) -> bool:
        """Whether there are tokens left."""
        return self.at < len(self.tokens)

    @property
    def line(self) -> int | None:
        """Line of the next token, or of the last one."""
        return self.sql.line(self._offset)

    @property
    def _offset(self) -> int:
        if not self.tokens:
            return self.origin
        return self.tokens[self.at].start if self else self.tokens[-1].start

    def fail(self, message: str) -> NoReturn:
        """Refuse what is here."""
        self.sql.fail(self._offset, f"{self.context}: {message}" if self.context else message)

    def unreadable(self) -> NoReturn:
        """Refuse the next token."""
        found = self.sql.text[self.tokens[self.at].start : self.tokens[self.at].end] if self else "the end"
        self.fail(f"'{shown(found)}' cannot be understood here")

    def next_is(self, *words: str) -> bool:
        """Whether the next tokens are these words."""
        following = self.tokens[self.at : self.at + len(words)]
        return len(following) == len(words) and all(token.is_word(word) for token, word in zip(following, words, strict=True))

    def one_of(self, *words: str) -> bool:
        """Whether the next token is one of these words."""
        return bool(self) and self.tokens[self.at].is_word(*words)

    def symbol(self, text: str, ahead: int = 0) -> bool:
        """Whether the next token, or one after it, is this symbol."""
        place = self.at + ahead
        return place < len(self.tokens) and self.tokens[place].kind == "symbol" and self.tokens[place].text == text

    def accept(self, *words: str) -> bool:
        """Go past these words if they are next."""
        is_next = self.next_is(*words)
        self.at += len(words) if is_next else 0
        return is_next

    def accept_symbol(self, text: str) -> bool:
        """Go past this symbol if it is next."""
        is_next = self.symbol(text)
        self.at += is_next
        return is_next

    def take(self) -> Token:
        """Go past the next token."""
        if not self:
            self.fail("the statement ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def name(self) -> str:
        """Go past an identifier."""
        if not self or self.tokens[self.at].kind not in ("word", "quoted", "string") or not self.tokens[self.at].text:
            self.fail("a name is missing here")
        return self.take().text

    def qualified(self) -> Name:
        """Go past a name with or without its schema; a name of a database before it is left out."""
        parts = [self.name()]
        while self.accept_symbol("."):
            parts.append(parts[-1] if self.symbol(".") else self.name())  # database..table
        return (parts[-2] if len(parts) > 1 else "", parts[-1])

    def group(self) -> "Cursor":
        """Go past parentheses; return what is in them."""
        if not self.symbol("("):
            self.fail("a parenthesis ( is missing here")
        start = self.at
        self.at = self._closer(start) + 1
        if self.at == 0:
            self.at = start
            self.fail("a parenthesis ( is opened here and never closed")
        return replace(self, tokens=self.tokens[start + 1 : self.at - 1], at=0, origin=self.tokens[start].start)

    def _closer(self, opener: int) -> int:
        """Index of the parenthesis that closes one; -1: nothing does."""
        depth = 0
        for i in range(opener, len(self.tokens)):
            kind, text, _, _ = self.tokens[i]
            if kind == "symbol":
                depth += (text == "(") - (text == ")")
                if depth == 0:
                    return i
        return -1

    def items(self) -> Iterator["Cursor"]:
        """Parts between commas."""
        while self:
            start, depth = self.at, 0
            for i in range(start, len(self.tokens)):
                kind, text, _, _ = self.tokens[i]
                if kind == "symbol":
                    if text == "," and depth == 0:
                        self.at = i
                        break
                    if text == "(" and depth == 0:
                        self.at = i
                    depth += (text == "(") - (text == ")" and depth > 0)
            else:
                if depth > 0:
                    self.fail("a parenthesis ( is opened here and never closed")
                self.at = len(self.tokens)
            yield replace(self, tokens=self.tokens[start : self.at], at=0, origin=self.tokens[start].start)
            if self.accept_symbol(",") and not self and self.sql.dialect not in ("sqlserver", "duckdb"):
                self.at -= 1
                self.fail("nothing follows the last comma")

    def rest(self) -> str:
        """Text from the next token to the last."""
        return self.sql.text[self.tokens[self.at].start : self.tokens[-1].end] if self else ""

    def within(self, context: str) -> "Cursor":
        """Name more precisely where this is."""
        return replace(self, context=context)
