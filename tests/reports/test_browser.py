"""The pages in a real browser: headless Chromium, if there is one."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from plurel_prob.reports import corpus_page, database_page, er_diagram, read_entry, subject_of

from .small import drawn_subject, hostile, write_drawn, write_shop

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install it to look at pages in a browser")
NOISE = re.compile(r"CONSOLE")  # what pages say themselves; the rest of the log is about the machine

ACTIONS = """
const type = (input, words) => { input.value = words; input.dispatchEvent(new Event("input")); };
const result = {};
const filter = document.querySelector("[data-filter]");
if (filter) { type(filter, "TABLE_1 aff"); result.filtered = document.querySelector("[data-count]").textContent; }
const zoom = document.querySelectorAll(".zoom button");
if (zoom.length) {
  const svg = document.querySelector(".zoomable svg"), before = svg.width.baseVal.value;
  zoom[0].click();
  result.zoomed = (svg.width.baseVal.value / before).toFixed(2);
}
const head = [...document.querySelectorAll("th button")].find((button) => button.textContent === "rows");
if (head) {
  type(filter, "");
  const names = () => [...document.querySelectorAll("tbody tr")].map((row) => row.cells[0].textContent).join();
  head.click(); result.up = names();
  head.click(); result.down = names();
}
document.body.dataset.result = JSON.stringify(result);
"""


def browse(folder: Path, page: str, *options: str) -> tuple[str, list[str]]:
    """The document after its scripts have run, and what it says on the console."""
    (folder / "page.html").write_text(page)
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}"]
    command = [str(CHROMIUM), *flags, *options, f"file://{folder / 'page.html'}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if NOISE.search(line)]


@pytest.mark.parametrize("subject", [drawn_subject(), subject_of(hostile())], ids=["drawn", "hostile"])
def test_a_page_loads_without_complaints(subject, tmp_path):
    document, console = browse(tmp_path, database_page(subject), "--dump-dom")
    assert console == []
    assert 'id="schema"' in document and 'id="table-1"' in document and "</footer>" in document
    assert 'class="zoom"' in document


def test_a_script_that_is_none_of_the_page_does_not_run(tmp_path):
    page = database_page(drawn_subject()).replace("</main>", "<script>document.title = 'ran'</script></main>")
    document, console = browse(tmp_path, page, "--dump-dom")
    assert "<title>ran" not in document
    assert any("Content Security Policy" in line for line in console)


def test_search_zoom_and_sorting_work(tmp_path):
    def acted(page: str) -> str:
        page = re.sub("<meta http-equiv[^>]*>", "", page).replace("</body>", f"<script>{ACTIONS}</script></body>")
        document, console = browse(tmp_path, page, "--dump-dom")
        assert console == []
        return document.replace("&quot;", '"')

    subject = drawn_subject()
    n_latent = sum(len(group.data_vars) for group in subject.latents.subtree)
    document = acted(database_page(subject))
    assert f'"filtered":"1 of {n_latent}"' in document and '"zoomed":"1.25"' in document
    entries = [read_entry(write_shop(tmp_path / "b-shop")), read_entry(write_drawn(tmp_path / "plurel-7"))]
    document = acted(corpus_page(tmp_path, entries, None))
    assert '"up":"plurel-7,b-shop","down":"b-shop,plurel-7"' in document


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screenshot_can_be_made(scheme, tmp_path):
    image = tmp_path / "page.png"
    dark = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    browse(tmp_path, f"<!doctype html>{er_diagram(drawn_subject())}", f"--screenshot={image}", "--window-size=800,600", *dark)
    assert image.read_bytes().startswith(b"\x89PNG") and image.stat().st_size > 5000
