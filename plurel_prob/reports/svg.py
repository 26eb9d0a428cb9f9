"""Pictures as SVG: every name and value in them is escaped."""

import re
import unicodedata
from typing import NamedTuple

from markupsafe import Markup, escape

from plurel_prob.reports.palette import picture_css, scheme_css

Number = int | float
HEAD, MARGIN = 26, 12  # of a file of its own, pixels
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
EMPTY = Markup()


class Drawing(NamedTuple):
    """A picture, its name and what it says in words.

    Attributes:
        is_group: whether it has links, which readers of the page are to reach one by one.
    """

    width: Number
    height: Number
    title: str
    description: str
    body: Markup
    is_group: bool = False

    def _svg(self, inside: Markup, height: Number, **attributes: object) -> Markup:
        role = {"role": "group" if self.is_group else "img", "aria_label": self.title}
        size = {"viewBox": f"0 0 {number(self.width)} {number(height)}", "width": self.width, "height": height}
        words = element("title", self.title) + element("desc", self.description)
        return element("svg", words + inside, **attributes, **size, **role)

    def inline(self) -> Markup:
        """Return it as part of a page that has the style sheets."""
        return self._svg(self.body, self.height)

    def alone(self) -> str:
        """Return it as a file of its own, under its name, which is light or dark as the reader's system is."""
        style = Markup("<style>{}</style>").format(Markup(scheme_css() + picture_css()))
        background = element("rect", width="100%", height="100%", class_="page")
        name = text(MARGIN, 21, fit(self.title, (self.width - 2 * MARGIN) / 1.1), "strong ink")
        inside = style + background + name + group(self.body, transform=f"translate(0 {HEAD})")
        return str(self._svg(inside, self.height + HEAD, xmlns="http://www.w3.org/2000/svg")) + "\n"


def clean(text: object) -> str:
    """Return a text without the characters that no XML file may have."""
    return NOT_XML.sub("\ufffd", str(text))


def number(value: Number) -> str:
    """A coordinate, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


def element(tag: str, content: object = EMPTY, **attributes: object) -> Markup:
    """An element; of attributes' names, ``_`` is ``-`` and a trailing one is dropped; None leaves an attribute out."""
    parts = []
    for name, value in attributes.items():
        if value is not None:
            shown = number(value) if isinstance(value, float) else clean(value)
            parts.append(f' {name.rstrip("_").replace("_", "-")}="{escape(shown)}"')
    inside = content if isinstance(content, Markup) else escape(clean(content))
    return Markup(f"<{tag}{''.join(parts)}>{inside}</{tag}>" if inside else f"<{tag}{''.join(parts)}/>")


def group(*content: Markup, tag: str = "g", **attributes: object) -> Markup:
    """Several elements in one."""
    return element(tag, EMPTY.join(content), **attributes)


def text(x: Number, y: Number, label: object, class_: str = "ink", **attributes: object) -> Markup:
    """A line of text that starts, ends (class ``right``) or is centred (``middle``) at a point of its base line."""
    return element("text", clean(label), x=float(x), y=float(y), class_=class_, **attributes)


def line(x1: Number, y1: Number, x2: Number, y2: Number, class_: str = "axis") -> Markup:
    """A straight line."""
    return element("path", d=f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}", class_=class_)


def path_of(points: list[tuple[float, float]]) -> str:
    """Path data of the straight lines between points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def text_width(label: str, size: Number = 12) -> float:
    """About how wide a text is, in pixels."""
    return sum((_em(character) for character in label), 0.0) * size


def _em(character: str) -> float:
    if character in "iljtfr.,:;'|!()[] ":
        return 0.34
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    return 0.88 if character in "mwMW%@" else 0.68 if character.isupper() else 0.6


def fit(label: object, width: Number, size: Number = 12) -> str:
    """Return a text, cut short where it is wider than ``width`` pixels."""
    whole = " ".join(clean(label).split())
    if text_width(whole, size) <= width:
        return whole
    short = whole[: int(width / (0.3 * size)) + 1]
    while short and text_width(short + "…", size) > width:
        short = short[:-1]
    return short + "…"
