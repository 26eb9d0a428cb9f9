"""What a page has to keep to, checked with the standard library's parser."""

from html.parser import HTMLParser

VOID = {"meta", "input", "br", "img", "link"}
SVG_CLOSED = {"path", "rect", "circle"}


class Page(HTMLParser):
    """Elements, ids, links and texts of a page, which must be nested well."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[int, list[str]] = {}
        self.open_at: list[int] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for parent in self.open_at:
            self.inside.setdefault(parent, []).append(tag)
        self.elements.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {tag}"
        if tag not in VOID:
            self.open.append(tag)
            self.open_at.append(len(self.elements) - 1)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()
        self.open_at.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


def check_page(text: str) -> Page:
    """Ids, links, headings, alternatives, scopes, and that nothing comes from elsewhere."""
    page = Page(text)
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in page.elements:
        assert not any(name.startswith("on") for name in attrs), (tag, attrs)
        href = attrs.get("href") or ""
        assert not href.startswith("#") or href[1:] in ids, href
        assert "src" not in attrs and "://" not in href and not href.startswith("javascript:"), attrs
        for name in ("aria-labelledby", "data-filter", "data-count"):
            assert attrs.get(name) is None or attrs[name] in ids
    assert "url(" not in text and "@import" not in text
    assert [tag for tag, _ in page.elements].count("script") == 1
    levels = [int(tag[1]) for tag, _ in page.elements if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels[:-1], levels[1:], strict=True))
    for landmark in ("header", "nav", "main", "footer"):
        assert len(page.of(landmark)) == 1
    for i, (tag, attrs) in enumerate(page.elements):
        if tag == "svg":
            assert attrs["aria-label"] and attrs["role"] in ("img", "group")
            assert page.inside[i][:2] == ["title", "desc"]
        if tag == "table":
            assert "caption" in page.inside[i]
        if tag == "details":
            assert page.inside[i][0] == "summary"
    assert all(attrs.get("scope") for attrs in page.of("th"))
    assert page.of("html")[0]["lang"] == "en"
    return page
