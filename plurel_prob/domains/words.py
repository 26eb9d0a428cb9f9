"""Short words by number: pronounceable, different for every number, at most so long."""

CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
SYLLABLES = [c + v for c in CONSONANTS for v in VOWELS]  # 70
LETTERS = "abcdefghijklmnopqrstuvwxyz"
MAX_WORD = 2**40
N_SHORT = 5  # characters below which words are letters


def n_word(length: int | None) -> int:
    """Number of words of at most ``length`` characters; None: no bound."""
    if length is None:
        return MAX_WORD
    if length <= N_SHORT:
        return len(LETTERS) ** max(length, 0) if length else 1
    return int(min(MAX_WORD, len(SYLLABLES) ** (length // 2)))


def word(salt: int, k: int, length: int | None) -> str:
    """Word number ``k`` of a vocabulary: words of two to four syllables where there is room, longer for large numbers.

    Numbers are mixed by a bijection, so that words next to each other look different, and no two are the same.
    """
    if length is not None and length <= N_SHORT:
        return _digits((k * 7919 + salt) % n_word(length), list(LETTERS), length)  # a prime that is no factor of 26
    most = n_word(length)
    n_syllable = 3 if length is None else min(3, length // 2)
    while len(SYLLABLES) ** n_syllable <= k:
        n_syllable += 1
    room = min(most, len(SYLLABLES) ** n_syllable)
    if k < len(SYLLABLES) ** min(3, n_syllable):  # short words: a permutation of them
        room = len(SYLLABLES) ** min(3, n_syllable)
        k = (k * 130_003 + salt) % room  # a prime that is no factor of 70
    return _digits(k, SYLLABLES, n_syllable)


def _digits(k: int, symbols: list[str], n: int) -> str:
    """Number ``k`` in the base of the symbols, with n digits."""
    found = []
    for _ in range(n):
        k, digit = divmod(k, len(symbols))
        found.append(symbols[digit])
    return "".join(reversed(found))
