import json
import shutil

import pytest

from plurel_prob.cli.verify import verify
from plurel_prob.databases.disk import PROVENANCE, checksums
from plurel_prob.databases.provenance import CHECKSUM, dumps
from tests.reports.small import write_drawn


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = write_drawn(tmp_path_factory.mktemp("drawn") / "plurel-7")
    return rewrite(folder)


@pytest.fixture
def corpus(drawn, tmp_path):
    for seed in (1, 2, 3):
        shutil.copytree(drawn, tmp_path / f"plurel-{seed}")
    return tmp_path


def rewrite(folder, *, is_sealed=True, **changes):
    content = json.loads((folder / PROVENANCE).read_text())
    (folder / PROVENANCE).unlink()
    content |= {"files": checksums(folder)} | changes
    content.pop(CHECKSUM)
    (folder / PROVENANCE).write_text(dumps(content) if is_sealed else json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ("[" * 2000 + "]" * 2000, "nested more than 64 deep"),
        ('{"seed": 1}', "has no 'by_hand'"),
        ('{"seed": "1; touch x"}', "seed must be an integer"),
        (None, "was changed after it was written"),
    ],
)
def test_a_broken_database_does_not_keep_others_from_being_checked(text, words, corpus, capsys):
    path = corpus / "plurel-1" / PROVENANCE
    path.write_text(path.read_text().replace("2020-01-01", "2020-01-02") if text is None else text)
    (corpus / "plurel-3" / "db" / "table_0.parquet").write_bytes(b"PAR1")
    with pytest.raises(SystemExit) as end:
        verify(str(corpus), redraw=0)
    told = capsys.readouterr().out
    assert end.value.code == 1 and "2 of 3 databases are wrong" in told
    assert f"plurel-1/{PROVENANCE}: " in told and words in told and "plurel-3/db/table_0.parquet: has 4 bytes instead of" in told


def test_databases_of_other_names_are_told(corpus, capsys):
    """As of ``do``: they are not of a corpus, and not checked with it."""
    (corpus / "plurel-2").rename(corpus / "shifted")
    verify(str(corpus), redraw=0)
    told = " ".join(capsys.readouterr().out.split())
    assert "2 databases are as they were written" in told
    assert f"shifted: not checked, as it is not named plurel-SEED; plurel-prob verify {corpus / 'shifted'}" in told
    verify(str(corpus / "shifted"), redraw=0)
    assert "not checked" not in capsys.readouterr().out
    with pytest.raises(SystemExit):
        verify(str(corpus), redraw=0, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["not_checked"] == ["shifted"] and not found["leftovers"]


def test_files_of_earlier_versions_are_told(corpus, capsys):
    rewrite(corpus / "plurel-2", is_sealed=False)
    verify(str(corpus), redraw=0)
    told = capsys.readouterr().out
    assert "3 databases are as they were written" in told and "1 with a plurel_prob.json of an earlier version" in told


def test_a_database_that_cannot_be_drawn_again_is_wrong(corpus, capsys):
    rewrite(corpus / "plurel-2", prior={"schema": {"n_tabel": 3}})
    with pytest.raises(SystemExit):
        verify(str(corpus / "plurel-2"), redraw=1)
    assert "prior: schema.n_tabel: unknown field" in capsys.readouterr().out
