"""What declared columns mean: a guess from their names, those of their tables, and their types."""

import re
from typing import NamedTuple

from plurel_prob.declared.schema import Column, DeclaredTable

TEXT, NUMBER, TIME = ("text",), ("integer", "decimal", "float"), ("date", "timestamp")
PEOPLE = (
    "customer|client|user|person|people|employee|staff|author|actor|contact|member|patient|student|teacher|instructor|driver|player"
    "|passenger|guest|owner|manager|doctor|physician|nurse|subscriber|buyer|seller|lead|borrower|tenant|agent|rider|coach|artist"
    "|composer|director|writer|producer|editor|singer|reporter"
)
FIRMS = (
    "company|companies|supplier|vendor|manufacturer|brand|publisher|employer|shipper|carrier|store|shop|organi[sz]ation|merchant"
    "|partner|airline|bank|hotel|restaurant|team|club|studio|warehouse|branch|hospital|clinic|school|university|agency|maker"
)
KINDS = "category|categories|genre|type|kind|department|tag|topic|section|class|group|segment|subject"
GOODS = "product|item|article|good|part|menu|inventory|dish|asset|equipment|material"
WORKS = (
    "film|movie|book|song|track|album|post|video|course|game|event|project|task|playlist|lecture|show|episode|paper|issue|story"
)


class NameRule(NamedTuple):
    """Columns of some kinds whose names, and whose table's, match."""

    meaning: str
    kinds: tuple[str, ...]
    column: str
    table: str = ""


RULES = (
    NameRule("email", TEXT, "e ?mail( address)?"),
    NameRule("phone", TEXT, "phone|tele?phone|mobile|fax|cell|tel"),
    NameRule("first name", TEXT, "(first|given|fore) ?name|forename"),
    NameRule("last name", TEXT, "(last|family|sur) ?name|surname"),
    NameRule("username", TEXT, "(user|nick|screen|login) ?name|login|handle|nick"),
    NameRule("password", TEXT, "pass ?word( hash)?|passwd|pwd|password digest|hash|token|secret|salt|digest|checksum"),
    NameRule("file name", TEXT, "file ?name|file|attachment|path"),
    NameRule("host", TEXT, "host ?name|domain|server|host"),
    NameRule("url", TEXT, "url|uri|link|web ?site|home ?page|web|image|photo|avatar|picture|logo"),
    NameRule("ip", TEXT, "ip|ip ?addr(ess)?|ipv4"),
    NameRule("mac", TEXT, "mac|mac ?addr(ess)?"),
    NameRule("user agent", TEXT, "user agent|browser|agent"),
    NameRule("mime type", TEXT, "mime ?type|content type|media type"),
    NameRule("country code", TEXT, "country (iso )?code|iso code|country|iso ?[23]?|nationality"),  # if it is as short as one
    NameRule("country code", TEXT, "code|id|iso ?[23]?|abbreviation", "country|countries|nation"),
    NameRule("country", TEXT, "country( name)?|nation|nationality"),
    NameRule("country", TEXT, "name|title|label", "country|countries|nation"),
    NameRule("city", TEXT, "city( name)?|town|locality|municipality"),
    NameRule("city", TEXT, "name", "city|cities|town|location|airport|stadium|circuit"),
    NameRule("state code", TEXT, "state( code)?|province( code)?|region"),  # likewise
    NameRule("state", TEXT, "state( name)?|province|region|county|district"),
    NameRule("state", TEXT, "name", "states?|province|region|county|district"),
    NameRule("postcode", TEXT, "post ?code|postal ?code|zip( ?code)?"),
    NameRule("street", TEXT, "street( address)?|address( ?line)?( ?1)?|addr"),
    NameRule("unit of address", TEXT, "address( ?line)? ?2|apartment|suite|apt"),
    NameRule("timezone", TEXT, "time ?zone|tz"),
    NameRule("latitude", NUMBER, "lat|latitude"),
    NameRule("longitude", NUMBER, "lng|lon|long|longitude"),
    NameRule("currency code", TEXT, "currency( code)?"),
    NameRule("currency code", TEXT, "code|iso", "currency|currencies"),
    NameRule("currency", TEXT, "name", "currency|currencies"),
    NameRule("language code", TEXT, "language( code)?|lang|locale"),
    NameRule("language", TEXT, "language( name)?"),
    NameRule("language", TEXT, "name", "language"),
    NameRule("color", TEXT, "colou?r( name)?"),
    NameRule("color", TEXT, "name", "colou?r"),
    NameRule("hex color", TEXT, "hex|hex colou?r|colou?r"),
    NameRule("isbn", TEXT, "isbn ?(10|13)?"),
    NameRule("barcode", TEXT, "ean ?(8|13)?|bar ?code|gtin|upc"),
    NameRule("iban", TEXT, "iban|account (number|no)"),
    NameRule("bic", TEXT, "bic|swift"),
    NameRule("card number", TEXT, "(credit )?card ?(number|no)|card"),
    NameRule("plate", TEXT, "(licen[sc]e )?plate"),
    NameRule("vin", TEXT, "vin"),
    NameRule("tax number", TEXT, "ssn|tax ?(id|number|no)|vat ?(id|number|no)|social security( number)?"),
    NameRule(
        "code", TEXT, "sku|code|reference|ref|(part|serial|order|invoice|tracking|model|product|item) ?(number|no|code)|number|no"
    ),
    NameRule("gender", TEXT, "gender|sex"),
    NameRule("job", TEXT, "job( title)?|occupation|profession|designation|position"),
    NameRule("job", TEXT, "title", "employee|staff|job|position"),
    NameRule("company", TEXT, f"({FIRMS})( name)?"),
    NameRule("company", TEXT, "name|title|label", FIRMS),
    NameRule("full name", TEXT, f"(full|display|real|contact|billing|shipping|cardholder)? ?name|({PEOPLE})( name)?", PEOPLE),
    NameRule(
        "full name", TEXT, f"full ?name|contact( ?name)?|({PEOPLE})( name)?|recipient|assignee|reviewer|(created|updated) by"
    ),
    NameRule("category", TEXT, f"({KINDS})( name)?"),
    NameRule("category", TEXT, "name|title|label|description", KINDS),
    NameRule("product", TEXT, f"({GOODS})( name)?"),
    NameRule("product", TEXT, "name|title|label", GOODS),
    NameRule("title", TEXT, f"({WORKS})( (name|title))?|title|headline|subject|caption"),
    NameRule("title", TEXT, "name|label", WORKS),
    NameRule(
        "sentence", TEXT, "comments?|notes?|remarks?|message|summary|description|tagline|reason|feedback|question|answer|details"
    ),
    NameRule("paragraph", TEXT, "review|text|body|content|bio|biography|about|abstract|synopsis|transcript|overview"),
    NameRule("status", TEXT, "status|state|stage|phase|condition"),
    NameRule("role", TEXT, "role|permission|access( level)?"),
    NameRule("payment method", TEXT, "payment( method| type)?|method"),
    NameRule("measure", TEXT, "unit( of measure)?|uom|measure"),
    NameRule("title", TEXT, "name|label"),
    NameRule(
        "flag",
        ("integer",),
        "active|enabled|deleted|visible|verified|archived|published|(is|has|can) .*|.* flag|flag|active ?bool",
    ),
    NameRule("birth", TIME, "birth ?(date|day)|date of birth|dob|born"),
    NameRule("year", ("integer",), "year|yr|vintage|season"),
    NameRule("age", ("integer",), "age"),
    NameRule("percent", NUMBER, "percent(age)?|pct|discount|ratio|share|margin|commission|(tax|interest|vat|growth) ?rate|vat"),
    NameRule("rating", NUMBER, "rating|stars|score|grade|satisfaction"),
    NameRule("quantity", ("integer", "decimal"), "quantity|qty|units|pieces|copies|guests|seats|tickets|passengers|items|count"),
    NameRule("stock", ("integer",), "stock|on hand|inventory|capacity|views|likes|visits|clicks|downloads|plays|population"),
    NameRule("price", NUMBER, "price|cost|fee|msrp|rate|fare|rent|replacement cost"),
    NameRule(
        "amount",
        NUMBER,
        "amount|(sub|grand)? ?total|payment|revenue|sales|balance|credit|debit|budget|value|paid|tax|freight|spent|turnover|sum",
    ),
    NameRule("salary", NUMBER, "salary|wage|income"),
    NameRule("weight", NUMBER, "weight|kg|grams|mass"),
    NameRule("size", NUMBER, "height|width|depth|length|cm|mm|distance|area"),
    NameRule("duration", NUMBER, "duration|minutes|seconds|milliseconds|hours|runtime|days"),
    NameRule("temperature", NUMBER, "temperature|temp"),
    NameRule(
        "ordinal",
        ("integer",),
        "priority|level|rank|position|place|sort( order)?|version|tier|floor|line( ?(number|no))?|sequence|seq",
    ),
    NameRule("postcode number", ("integer",), "zip( ?code)?|post ?code|postal ?code"),
)
MOST = {"country code": 3, "state code": 3, "language code": 5}  # characters; longer columns have names, but for those of codes
CODED = re.compile(r"\b(code|iso|iso ?[23]|id|abbreviation|locale|lang|hex)\b")
PLACED = re.compile(r"\b(city|town|street|address|zip|post ?code|postal ?code|country)\b")  # beside them, a state is a place
PLURAL = "(?:s|es)?"


class Meaning(NamedTuple):
    """What a column means.

    Attributes:
        name: what, empty: nobody knows.
        prefix: the words before it, as in ``billing_city``; columns with the same one are of the same thing.
    """

    name: str = ""
    prefix: str = ""


def meaning_of(table: DeclaredTable, column: Column) -> Meaning:
    """Guess what a column means: the first rule that the last words of its name satisfy, those of its table being left out."""
    of_table, name = words(table.name), re.sub(r" ?\d$", "", words(column.name)) or words(column.name)
    own = re.sub(rf"^{re.escape(re.sub('s$', '', of_table))}{PLURAL} ", "", name) if of_table else name
    for rule in RULES:
        if column.kind not in rule.kinds or (rule.table and not re.search(rf"(?:^| )(?:{rule.table}){PLURAL}$", of_table)):
            continue
        for words_of_column in dict.fromkeys([own, name, words(column.name)]):
            found = re.fullmatch(rf"(?:(.*) )?(?:{rule.column})", words_of_column)
            if found and _fits(rule.meaning, table, column):
                return Meaning(rule.meaning, found[1] or "")
    return Meaning()


def _fits(meaning: str, table: DeclaredTable, column: Column) -> bool:
    """Whether a column can have this meaning by its type, and by the columns beside it."""
    name = words(column.name)
    if meaning in MOST:
        return bool(CODED.search(name)) or (column.length is not None and column.length <= MOST[meaning])
    if meaning == "hex color":
        return column.length == 7 or "hex" in name
    if meaning in ("state", "state code") and "state" in name:
        return any(PLACED.search(words(other.name)) for other in table.columns)
    return True


def words(name: str) -> str:
    """Words of a name, in lower case: of ``unitPrice``, ``unit_price`` and ``UNIT-PRICE`` the same."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name.rpartition(".")[2])
    return " ".join(re.split(r"[^a-z0-9]+", spaced.lower())).strip()
