"""Records of texts, such as a person's names, from Faker: as many as are asked for, none twice, the same for the same seed."""

import random
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from plurel_prob.domains.lists import (
    CATEGORIES,
    CURRENCIES,
    LANGUAGES,
    MATERIALS,
    PAYMENTS,
    QUALITIES,
    ROLES,
    STATUSES,
    THINGS,
    UNITS,
)
from plurel_prob.domains.words import n_word, word
from plurel_prob.errors import DatabaseError

if TYPE_CHECKING:
    from faker import Faker
else:
    Faker = Any  # of an extra

Record = tuple[str, ...]
BROKEN = "‚√Ä"  # characters of names that were read in a wrong encoding
PATIENCE = 200  # records that are there already, or do not fit, before a number makes the next one different


class TextSource(NamedTuple):
    """Where records come from.

    Attributes:
        draw: one record, of the library's generator; its first text tells it from others.
        listed: all records there are, for those that are few.
        most: how many different ones a column has, usually; None: about as many as it has rows.
        is_shuffled: whether a list is in another order for each seed; else the first ones are the commonest.
    """

    draw: Callable[[Faker], Record] = lambda fake: ()
    listed: Callable[[], Sequence[Record]] | None = None
    most: int | None = None
    is_shuffled: bool = True


class Records:
    """Records by number, each drawn after the ones before: those of a seed are the same however many are asked for.

    The first text of each differs from all others'. Where a source has no other that fits, a number is added to it, and where
    that does not fit, it is of syllables; a list ends.

    Args:
        source: of the records.
        seed: of their order.
        fits: whether a record can be had.
        length: most characters of the first text; None: no bound.
    """

    def __init__(
        self,
        source: TextSource,
        seed: int,
        fits: Callable[[Record], bool] = lambda record: True,
        length: int | None = None,
    ):
        self.source, self.fits, self.length, self.random = source, fits, length, random.Random(seed)
        self.records, self.seen, self.n_word = list[Record](), set[str](), 0
        self.size = n_word(length)
        if source.listed is not None:
            self.records = [record for record in source.listed() if fits(record)]
            if source.is_shuffled:
                self.random.shuffle(self.records)
            self.size = len(self.records)

    def __getitem__(self, k: int) -> Record:
        while len(self.records) <= k:
            record = self._next()
            self.seen.add(record[0].casefold())
            self.records.append(record)
        return self.records[k]

    def _next(self) -> Record:
        fake = faker()
        fake.random = self.random  # type: ignore[attr-defined]  # of its proxy
        for _ in range(PATIENCE):
            record = self.source.draw(fake)
            if record[0].casefold() not in self.seen and self.fits(record):
                return record
        first = max(2, len(self.records) // PATIENCE)  # near one that is free
        for number in range(first, first + PATIENCE):
            record = self.source.draw(fake)
            numbered = (f"{record[0]} {number}", *record[1:])
            if numbered[0].casefold() not in self.seen and self.fits(numbered):
                return numbered
        for k in range(self.n_word, self.size):
            spelt = (word(0, k, self.length), *record[1:])
            if spelt[0] not in self.seen and self.fits(spelt):
                self.n_word = k + 1
                return spelt
        raise DatabaseError(f"there are no more than {len(self.records):,} texts such as {self.records[0][0]!r} of this length")


@lru_cache(maxsize=1)
def faker() -> Faker:
    """The library.

    Raises:
        DatabaseError: it is not installed.
    """
    try:
        from faker import Faker
    except ImportError:
        hint = "pip install 'plurel-prob[sql]' has it; or draw syllables, with --values syllables"
        raise DatabaseError(f"values by what columns mean need the package Faker: {hint}") from None
    return Faker("en_US", use_weighting=False)


def _person(fake: Faker) -> Record:
    is_woman = fake.random.random() < 0.5
    first, last = fake.first_name_female() if is_woman else fake.first_name_male(), fake.last_name()
    return f"{letters(first)}.{letters(last)}", first, last, "female" if is_woman else "male"


def letters(text: str) -> str:
    """Its letters and digits, in lower case."""
    return re.sub(r"[^a-z0-9]", "", text.casefold())


@lru_cache(maxsize=1)
def _countries() -> dict[str, Record]:
    """Name, codes of two and three letters of each country, by the first code."""
    from faker.providers.date_time import Provider

    return {known.alpha_2_code: (known.alpha_2_code, known.name, known.alpha_3_code) for known in Provider.countries}


def _place(fake: Faker) -> Record:
    """City, country and its codes, latitude, longitude, time zone."""
    city = BROKEN
    while set(city) & set(BROKEN):
        latitude, longitude, city, code, zone = fake.location_on_land()
    _, country, long = _countries().get(code, (code, code, code))
    return city, country, code, long, latitude, longitude, zone


def _states() -> Sequence[Record]:
    """States of the USA, and their codes."""
    from faker.providers.address.en_US import Provider

    codes = [code for code in Provider.states_abbr if code != "DC"]  # it is no state
    return list(zip(Provider.states, codes, strict=True))


def _address(fake: Faker) -> Record:
    """Postcode in the USA, its state, and the state's code."""
    state, code = fake.random.choice(_states())
    return fake.postcode_in_state(code), state, code


def _currencies() -> Sequence[Record]:
    from faker.providers.currency import Provider

    known = dict(Provider.currencies)
    return [(code, known[code]) for code in dict.fromkeys((*CURRENCIES, *known))]


def _listed(texts: Sequence[str]) -> TextSource:
    return TextSource(listed=lambda: [(text,) for text in texts])


def _choice(*parts: Sequence[str]) -> Callable[[Faker], Record]:
    return lambda fake: (" ".join(fake.random.choice(part) for part in parts),)


def _words(least: int, most: int) -> Callable[[Faker], Record]:
    return lambda fake: (" ".join(part.title() for part in fake.words(fake.random.randint(least, most))),)


def _of(method: str, **options: Any) -> Callable[[Faker], Record]:
    return lambda fake: (str(getattr(fake, method)(**options)),)


SOURCES = {
    "person": TextSource(_person),
    "place": TextSource(_place, most=200),
    "country": TextSource(listed=lambda: list(_countries().values()), most=40),
    "address": TextSource(_address, most=400),
    "state": TextSource(listed=_states, most=50),
    "currency": TextSource(listed=_currencies, most=8, is_shuffled=False),
    "language": TextSource(listed=lambda: LANGUAGES, most=8, is_shuffled=False),
    "phone": TextSource(_of("numerify", text="%##-555-####")),
    "password": TextSource(_of("sha256")),
    "short password": TextSource(_of("md5")),
    "file name": TextSource(_of("file_name")),
    "host": TextSource(lambda fake: (f"{letters(fake.last_name())}-{fake.word()}.example",)),
    "ip": TextSource(_of("ipv4")),
    "mac": TextSource(_of("mac_address")),
    "user agent": TextSource(_of("user_agent"), most=50),
    "mime type": TextSource(_of("mime_type"), most=12),
    "street": TextSource(_of("street_address")),
    "unit of address": TextSource(_of("secondary_address")),
    "color": TextSource(_of("color_name"), most=20),
    "hex color": TextSource(_of("hex_color"), most=50),
    "isbn": TextSource(_of("isbn13")),
    "barcode": TextSource(_of("ean13")),
    "iban": TextSource(_of("iban")),
    "bic": TextSource(_of("swift"), most=50),
    "card number": TextSource(_of("credit_card_number", card_type="visa16")),
    "plate": TextSource(_of("license_plate")),
    "vin": TextSource(_of("vin")),
    "tax number": TextSource(_of("ssn")),
    "code": TextSource(_of("bothify", text="??-#####", letters="ABCDEFGHJKLMNPRSTUVWXYZ")),
    "short code": TextSource(_of("bothify", text="??##", letters="ABCDEFGHJKLMNPRSTUVWXYZ")),
    "job": TextSource(_of("job"), most=40),
    "company": TextSource(_of("company"), most=200),
    "category": TextSource(_choice(CATEGORIES), most=30),
    "product": TextSource(_choice(QUALITIES, MATERIALS, THINGS)),
    "title": TextSource(_words(1, 3)),
    "sentence": TextSource(_of("sentence", nb_words=8)),
    "paragraph": TextSource(_of("paragraph", nb_sentences=3)),
    "word": TextSource(_of("word"), most=60),
    "status": _listed(STATUSES),
    "role": _listed(ROLES),
    "payment method": _listed(PAYMENTS),
    "measure": _listed(UNITS),
}
