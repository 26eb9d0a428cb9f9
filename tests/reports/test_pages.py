import xml.etree.ElementTree as ET

import numpy as np
import pytest

from plurel_prob.reports import (
    causal_graph_svg,
    corpus_page,
    database_page,
    er_diagram,
    key_heatmap,
    pictures,
    read_subject,
    subject_of,
)
from plurel_prob.reports.causal_diagram import causal_graph_of, strongest
from plurel_prob.reports.corpus import read_entry

from .pages import check_page
from .small import EVIL, drawn_subject, hostile, write_drawn, write_shop

SVG = "{http://www.w3.org/2000/svg}"


def test_a_page_of_a_hostile_database_keeps_to_the_rules_and_runs_nothing():
    text = database_page(subject_of(hostile()))
    page = check_page(text)
    assert "<script>alert" not in text and "<img" not in text and "\x00" not in text
    assert text.count("</svg>") == len(page.of("svg"))
    shown = "".join(page.texts)
    for name in (f"db {EVIL}", f"{EVIL} text", f"{EVIL} key", "child </svg>", "&amp;"):
        assert name in shown
    assert "a & b" in shown and 'quo"te' in shown


def test_a_page_of_a_drawn_database_has_all_sections(tmp_path):
    parts = []
    text = database_page(read_subject(write_drawn(tmp_path / "plurel-7")), parts.append)
    page = check_page(text)
    ids = {attrs.get("id") for _, attrs in page.elements}
    assert {"main", "schema", "keys", "tables", "latents", "key-0", "table-0", "table-1", "latents-table"} <= ids
    assert parts == ["table_1.foreign_row_0", "table_0", "table_1"]
    assert "plurel-prob sample --seed 7 --count 1 --out out" in page.texts
    shown = "".join(page.texts)
    assert "5 edges, law Layered" in shown and "3 columns of table_0 along foreign_row_0" in shown
    assert "Causal graph" in shown and "affinity" in shown and "Rows over time" in shown
    assert text == database_page(read_subject(tmp_path / "plurel-7"))


def test_a_page_of_a_real_database(tmp_path):
    page = check_page(database_page(read_subject(write_shop(tmp_path / "a <b> shop"))))
    shown = "".join(page.texts)
    assert "There are no latents" in shown and "Draw it again" not in shown and "Causal graph" not in shown
    assert "validation from 2021-01-01, test from 2021-03-01" in shown
    assert "<b>bold</b>" in shown


def test_a_corpus_page_keeps_to_the_rules(tmp_path):
    entries = [read_entry(write_drawn(tmp_path / "plurel-7")), read_entry(write_shop(tmp_path / "<script>shop"))]
    for pages in (None, "many-pages"):
        text = corpus_page(tmp_path, entries, pages)
        page = check_page(text)
        assert "<script>shop" in "".join(page.texts) and "<script>shop" not in text
    links = [attrs["href"] for attrs in page.of("a") if attrs["href"].startswith("many-pages")]
    assert links == ["many-pages/plurel-7.html", "many-pages/_script_shop.html"]


@pytest.mark.parametrize("subject", [subject_of(hostile()), drawn_subject()], ids=["hostile", "drawn"])
def test_pictures_are_svg_files_of_their_own(subject):
    names = []
    for name, drawing in pictures(subject):
        names.append(name)
        root = ET.fromstring(drawing.alone())
        assert root.tag == f"{SVG}svg" and root[0].tag == f"{SVG}title" and root[1].tag == f"{SVG}desc"
        assert root[0].text and root.attrib["aria-label"] == root[0].text
        assert not list(root.iter(f"{SVG}script")) and not list(root.iter(f"{SVG}image"))
        assert "prefers-color-scheme" in root[2].text
        assert "/" not in name and "<" not in name
    assert len(set(names)) == len(names) >= 5


def test_boxes_of_a_diagram_are_linked_in_pages_only():
    subject = drawn_subject()
    assert "<a " not in er_diagram(subject)
    assert 'href="#table-0"' in database_page(subject)


def test_functions_return_the_pictures():
    subject = drawn_subject()
    assert "foreign_row_0" in er_diagram(subject)
    assert "feature_2: constant column" in causal_graph_svg(subject, "table_0")
    assert "level 1: children" in key_heatmap(subject, "table_1", "foreign_row_0")
    assert "crow" not in er_diagram(hostile()) and "optional" in er_diagram(hostile())


def test_of_many_edges_the_strongest_of_each_effect_are_drawn():
    rng = np.random.default_rng(0)
    edge = np.triu(np.ones((40, 40), bool), 1)
    weight = rng.normal(size=(40, 40))
    kept = strongest(edge, weight)
    assert len(kept) == 80
    for effect in range(1, 40):
        heaviest = int(np.argmax(np.abs(weight[:effect, effect])))
        assert (heaviest, effect) in kept
    assert strongest(edge[:7, :7], weight[:7, :7]) == [(a, b) for a in range(7) for b in range(a + 1, 7)]


def test_the_causal_graph_is_that_of_the_latents():
    graph = causal_graph_of(drawn_subject(), "table_1")
    assert graph.names == ["feature_0", "1", "2", "feature_1", "feature_2"]
    assert graph.is_shown == [True, False, False, True, False]
    assert graph.edges == [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)]
    assert graph.is_inner == [False, True, True, True, True]
