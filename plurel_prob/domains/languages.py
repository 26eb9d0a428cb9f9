"""Sets of texts: regular languages with and, or and not; how many texts of a length they have, and which is which.

A language is an expression; the texts of it that begin with a character are one again, its derivative (Brzozowski, 1964). Counts
of derivatives give each text of a language a number, so that the numbers of a domain are texts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

CHARACTERS = frozenset(map(chr, range(32, 127)))
MAX_LENGTH = 300  # of texts that are drawn
MAX_STATE = 2000  # derivatives of a language that is counted
WIDE = 62  # a class of more characters than that is drawn from as from the first of these that it has
PREFERRED = ("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789")


class LanguageError(ValueError):
    """A pattern whose texts cannot be numbered."""


@dataclass(frozen=True, eq=False)
class Language:
    """Node of an expression; equal ones are the same object.

    Attributes:
        kind: ``one`` of some characters, ``then`` (the first part, after it the second), ``or``, ``and``, ``not``, ``many`` (the
            part any number of times), ``empty`` (the empty text), ``none`` (no text).
        parts: of the expression.
        characters: of ``one``.
        has_empty: whether the empty text is in the language.
        mentioned: characters beyond ASCII.
    """

    kind: str
    parts: tuple["Language", ...] = ()
    characters: frozenset[str] = frozenset()
    has_empty: bool = False
    mentioned: frozenset[str] = frozenset()
    known: dict[str, "Language"] = field(default_factory=dict, repr=False)


@cache
def _node(
    kind: str, parts: tuple[Language, ...] = (), characters: frozenset[str] = frozenset(), has_empty: bool = False
) -> Language:
    mentioned = (characters - CHARACTERS).union(*(part.mentioned for part in parts))
    return Language(kind, parts, characters, has_empty, mentioned)


NONE, EMPTY = _node("none"), _node("empty", has_empty=True)


def one(characters: Iterable[str]) -> Language:
    """Texts of one character."""
    found = frozenset(characters)
    return _node("one", characters=found) if found else NONE


def then(first: Language, second: Language) -> Language:
    """A text of the first language, and after it one of the second."""
    if NONE in (first, second):
        return NONE
    if first is EMPTY or second is EMPTY:
        return second if first is EMPTY else first
    if first.kind == "then":
        return then(first.parts[0], then(first.parts[1], second))
    return _node("then", (first, second), has_empty=first.has_empty and second.has_empty)


def many(part: Language) -> Language:
    """Texts of a language, one after the other."""
    return part if part.kind == "many" else EMPTY if part in (NONE, EMPTY) else _node("many", (part,), has_empty=True)


ALL = many(one(CHARACTERS))


def either(*parts: Language) -> Language:
    """Texts of any of some languages."""
    flat = {other for part in parts for other in (part.parts if part.kind == "or" else (part,))} - {NONE}
    if ALL in flat:
        return ALL
    characters = frozenset().union(*(part.characters for part in flat if part.kind == "one"))
    flat = {part for part in flat if part.kind != "one"} | ({one(characters)} if characters else set())
    ordered = tuple(sorted(flat, key=id))
    if len(ordered) < 2:
        return ordered[0] if ordered else NONE
    return _node("or", ordered, has_empty=any(part.has_empty for part in ordered))


def both(*parts: Language) -> Language:
    """Texts of all of some languages."""
    flat = {other for part in parts for other in (part.parts if part.kind == "and" else (part,))} - {ALL}
    if NONE in flat:
        return NONE
    ordered = tuple(sorted(flat, key=id))
    if len(ordered) < 2:
        return ordered[0] if ordered else ALL
    return _node("and", ordered, has_empty=all(part.has_empty for part in ordered))


def other(part: Language) -> Language:
    """Texts that are not of a language."""
    if part.kind == "not":
        return part.parts[0]
    return ALL if part is NONE else NONE if part is ALL else _node("not", (part,), has_empty=not part.has_empty)


def after(language: Language, character: str) -> Language:
    """What follows a character in the texts of a language that begin with it."""
    found = language.known.get(character)
    if found is None:
        found = language.known[character] = _after(language, character)
    return found


def _after(language: Language, character: str) -> Language:
    kind, parts = language.kind, language.parts
    if kind == "one":
        return EMPTY if character in language.characters else NONE
    if kind == "then":
        first = then(after(parts[0], character), parts[1])
        return either(first, after(parts[1], character)) if parts[0].has_empty else first
    if kind == "or":
        return either(*(after(part, character) for part in parts))
    if kind == "and":
        return both(*(after(part, character) for part in parts))
    if kind == "not":
        return other(after(parts[0], character))
    return then(after(parts[0], character), language) if kind == "many" else NONE


def times(part: Language, least: int, most: int | None) -> Language:
    """Texts of a language, so many of them one after the other."""
    if least > MAX_LENGTH:
        raise LanguageError(f"texts of more than {MAX_LENGTH} characters are not drawn")
    rest = many(part)
    if most is not None:
        rest = EMPTY
        for _ in range(min(most, MAX_LENGTH) - least):
            rest = either(EMPTY, then(part, rest))
    for _ in range(least):
        rest = then(part, rest)
    return rest


def word(text: str, *, is_any_case: bool = False) -> Language:
    """One text, or those that differ in the case of letters only."""
    result = EMPTY
    for character in reversed(text):
        result = then(one({character.lower(), character.upper()} if is_any_case else character), result)
    return result


class Numbered:
    """The texts of a language by number: short ones first, of as few lengths as give ``enough``.

    Classes of very many characters are drawn from as from their letters, so not all texts have a number.

    Raises:
        LanguageError: there are too many derivatives, or there is no text.
    """

    def __init__(self, language: Language, enough: int, longest: int | None):
        self.language, self.levels = language, [[language]]  # derivatives by texts of 0, 1, ... characters
        self.counts, self.steps = dict[tuple[Language, int], int](), dict[Language, list[tuple[list[str], Language]]]()
        most = MAX_LENGTH if longest is None else min(longest, MAX_LENGTH)
        self.sizes: list[int] = []
        for length in range(most + 1):
            self.sizes.append(self._count(length))
            if sum(self.sizes) >= enough:
                break
        self.size = sum(self.sizes)
        if not self.size:
            raise LanguageError("no text that can be drawn satisfies it")

    def _count(self, length: int) -> int:
        """Number of texts of a length, whose derivatives' shorter ones are counted already."""
        for left in range(length + 1):  # from the end of texts on
            for state in self._reached(length - left):
                if (state, left) not in self.counts:
                    steps = self._steps(state) if left else []
                    total = sum(len(characters) * self.counts[to, left - 1] for characters, to in steps)
                    self.counts[state, left] = total if left else int(state.has_empty)
        return self.counts[self.language, length]

    def _reached(self, n: int) -> list[Language]:
        """Derivatives by texts of n characters."""
        while len(self.levels) <= n:
            following = dict.fromkeys(to for state in self.levels[-1] for _, to in self._steps(state))
            self.levels.append(list(following))
        return self.levels[n]

    def _steps(self, state: Language) -> list[tuple[list[str], Language]]:
        """Characters that texts begin with, and what follows them."""
        if state not in self.steps:
            if len(self.steps) >= MAX_STATE:
                raise LanguageError("it has too many cases to number its texts")
            groups: dict[Language, list[str]] = {}
            for character in sorted(CHARACTERS | self.language.mentioned):
                groups.setdefault(after(state, character), []).append(character)
            groups.pop(NONE, None)
            self.steps[state] = [(_nice(characters), to) for to, characters in groups.items()]
        return self.steps[state]

    def text(self, number: int) -> str:
        """Text of a number below ``size``."""
        length = 0
        while number >= self.sizes[length]:
            number -= self.sizes[length]
            length += 1
        state, found = self.language, []
        for left in range(length, 0, -1):
            for characters, to in self._steps(state):
                n = self.counts[to, left - 1]
                if number < n * len(characters):
                    place, number = divmod(number, n)
                    found.append(characters[place])
                    state = to
                    break
                number -= n * len(characters)
        return "".join(found)


def _nice(characters: list[str]) -> list[str]:
    """Characters that are drawn of a class."""
    parts = [[character for character in characters if character in part] for part in PREFERRED]
    return next(filter(None, parts), characters) if len(characters) > WIDE else characters
