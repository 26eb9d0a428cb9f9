import shutil
from pathlib import Path

import pytest

from plurel_prob.cli.show import show
from plurel_prob.errors import DatabaseError
from plurel_prob.reports.corpus import MAX_LATENT, names_in, read_entry, with_latents
from plurel_prob.reports.corpus_page import file_names

from .pages import check_page
from .small import write_drawn, write_shop


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("databases") / "many"
    write_drawn(folder / "plurel-7")
    write_shop(folder / "a shop")
    (folder / ".plurel-8.partial-x" / "db").mkdir(parents=True)  # of a run that was killed
    shutil.copy(folder / "plurel-7" / "manifest.yaml", folder / ".plurel-8.partial-x")
    return folder


def test_show_writes_a_page_into_the_current_folder(corpus, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    show(str(corpus / "plurel-7"))
    show(str(corpus / "a shop"), out=Path("shop.html"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plurel-7.html", "shop.html"]
    for path in tmp_path.iterdir():
        check_page(path.read_text())
    assert "plurel-7.html" in capsys.readouterr().out


def test_show_writes_pictures_and_no_page_unless_it_is_told(corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    show(str(corpus / "plurel-7"), svg=Path("new") / "pictures")
    found = {path.name for path in (tmp_path / "new" / "pictures").iterdir()}
    links = {"key-table_1-foreign_row_0.svg", "children-table_1-foreign_row_0.svg"}
    of_tables = {f"{kind}-table_{i}.svg" for kind in ("causal", "dependence") for i in (0, 1)}
    assert found == {"schema.svg"} | links | of_tables
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    show(str(corpus / "plurel-7"), svg=tmp_path / "new", out=Path("page.html"))
    assert (tmp_path / "page.html").exists()


def test_show_makes_a_page_of_many_databases_and_one_for_each(corpus, tmp_path):
    show(str(corpus), out=tmp_path / "all.html")
    page = check_page((tmp_path / "all.html").read_text())
    shown = "".join(page.texts)
    assert f"plurel-prob show {corpus}/plurel-7" in shown and f"plurel-prob show '{corpus}/a shop'" in shown
    assert "partial" not in shown
    show(str(corpus), out=tmp_path / "all.html", pages=True)
    page = check_page((tmp_path / "all.html").read_text())
    links = [attrs["href"] for attrs in page.of("a") if "pages" in (attrs["href"] or "")]
    assert links == ["all-pages/a_shop.html", "all-pages/plurel-7.html"]
    for link in links:
        check_page((tmp_path / str(link)).read_text())


def test_entries_say_what_the_tables_hold(corpus):
    drawn, shop = read_entry(corpus / "plurel-7"), read_entry(corpus / "a shop")
    assert (drawn.n_table, drawn.n_activity, drawn.n_row, drawn.n_key) == (2, 1, 155, 1)
    assert (drawn.prior, drawn.family, drawn.table_families) == ("plurel", "Layered", {"Layered": 2})
    assert drawn.kinds == {"number": 2, "boolean": 2} and drawn.missing == 0
    assert (shop.prior, shop.family, shop.n_row, shop.n_key) == ("", "", 320, 2)
    assert shop.kinds == {"number": 1, "text": 1}
    assert read_entry(corpus / "plurel-7", has_families=False).family == ""


def test_latents_of_many_databases_are_sampled_evenly():
    names = [f"plurel-{i}" for i in range(1000)]
    assert with_latents(names[:MAX_LATENT]) == set(names[:MAX_LATENT])
    assert with_latents(names) == set(names[::5])


def test_databases_are_in_order_and_every_page_has_a_file(corpus, tmp_path):
    assert names_in(corpus) == ["a shop", "plurel-7"]
    for name in ("plurel-10", "plurel-9", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.yaml").touch()
    assert names_in(tmp_path) == ["other", "plurel-9", "plurel-10"]
    files = file_names(["a b", "a_b", "A/B", "c"])
    assert list(files.values()) == ["a_b.html", "a_b-1.html", "A_B-2.html", "c.html"]


def test_errors_name_what_is_wrong(corpus, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatabaseError, match="nowhere: no such file or folder"):
        show(str(tmp_path / "nowhere"), out=tmp_path / "x.html")
    with pytest.raises(DatabaseError, match="empty: is neither a database nor a folder of databases"):
        show(str(tmp_path / "empty"), out=tmp_path / "x.html")
    with pytest.raises(DatabaseError, match="is one database"):
        show(str(corpus / "plurel-7"), out=tmp_path / "x.html", pages=True)
    with pytest.raises(DatabaseError, match="is no database"):
        show(str(corpus), svg=tmp_path / "x")
    with pytest.raises(DatabaseError, match="is a folder"):
        show(str(corpus), out=tmp_path)
    with pytest.raises(DatabaseError, match="cannot make the folder"):
        show(str(corpus / "plurel-7"), svg=corpus / "plurel-7" / "manifest.yaml" / "x")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("manifest.yaml", b"tables: ["),
        ("manifest.yaml", b"[1, 2]"),
        ("db/table_0.parquet", b"PAR1 no more"),
        ("db/table_0.parquet", None),
        ("plurel_prob.json", b"{"),
        ("plurel_prob.json", b"[]"),
        ("latents.npz", b"no arrays"),
    ],
)
def test_broken_files_are_named_and_leave_nothing(file, content, tmp_path):
    path = write_drawn(tmp_path / "all" / "plurel-7")
    (path / file).unlink() if content is None else (path / file).write_bytes(content)
    for what in (path, tmp_path / "all"):
        with pytest.raises(DatabaseError, match=file):
            show(str(what), out=tmp_path / "x.html")
    assert [left.name for left in tmp_path.iterdir()] == ["all"]


def test_a_key_that_refers_to_no_row_is_described(tmp_path):
    import pandas as pd

    path = write_shop(tmp_path / "shop")
    file = path / "db" / "<i>orders.parquet"
    frame = pd.read_parquet(file)
    frame.loc[3, "user"] = 99
    frame.to_parquet(file, index=False)
    show(str(path), out=tmp_path / "x.html")
    page = check_page((tmp_path / "x.html").read_text())
    assert "which is no row of users" in "".join(page.texts)
