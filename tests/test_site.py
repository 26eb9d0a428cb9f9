"""The documentation as ``make docs`` builds it: links, twins in Markdown, and how pages look to a browser."""

import re
import shutil
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from tests.reports.test_browser import CHROMIUM, browse
from tests.test_sampling import ROOT

SITE = ROOT / "docs" / "build" / "html"
MADE = ("genindex", "py-modindex", "search")  # by Sphinx, from no page
pytestmark = pytest.mark.skipif(not (SITE / "index.html").exists(), reason="the site is not built: make docs")
PAGES = sorted(path for path in SITE.rglob("*.html") if "_static" not in path.parts)
LOOKED_AT = [
    "index",
    "start/database",
    "gallery/01_tour",
    "how_to/schemas",
    "model/story",
    "reference/commands",
    "reference/priors",
]
# whether the page is wider than the window, and whether formulas and pictures have a size
ACTIONS = """
addEventListener("load", () => {
  const root = document.documentElement, small = [...document.querySelectorAll("main img, article img, math")].filter(
    (element) => element.getBoundingClientRect().height < 5 && element.loading !== "lazy");
  document.body.dataset.result = JSON.stringify({wide: root.scrollWidth - root.clientWidth, small: small.length});
});
"""


class Anchors(HTMLParser):
    """Links and ids of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "img":
            self.links.append(found["src"])


def test_links_lead_somewhere():
    pages = {path: Anchors(path.read_text(encoding="utf-8")) for path in PAGES}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"https?:|mailto:|data:", link):
                continue
            name, _, anchor = link.partition("#")
            target = (path.parent / unquote(name)).resolve() if name else path
            if not target.exists() or (anchor and target in pages and unquote(anchor) not in pages[target].ids):
                broken.append((path.relative_to(SITE).as_posix(), link))
    assert len(pages) > 30 and broken == []


def test_every_page_has_a_twin_and_is_listed():
    listed = (SITE / "llms.txt").read_text(encoding="utf-8")
    for path in PAGES:
        name = path.relative_to(SITE).with_suffix("").as_posix()
        if name not in MADE and not name.startswith("_modules"):
            assert path.with_suffix(".md").stat().st_size > 100, name
            assert f"({name}.md)" in listed, name


def test_nothing_is_loaded_from_elsewhere():
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|img)[^>]* src=\"https?:|<link[^>]* href=\"https?:", text), path


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install it to look at pages in a browser")
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_pages_fit_and_say_nothing_on_the_console(tmp_path, name, width):
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    page = site / f"{name}.html"
    text = page.read_text(encoding="utf-8").replace("</body>", f"<script>{ACTIONS}</script></body>")
    document, console = browse(page.parent, text, "--dump-dom", f"--window-size={width},900", "--virtual-time-budget=3000")
    assert console == []
    assert "{&quot;wide&quot;:0,&quot;small&quot;:0}" in document
