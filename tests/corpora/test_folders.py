"""Folders of databases: what is complete is kept, what is not is never taken for a database."""

import json
import shutil

import pandas as pd
import pytest

import plurel_prob
from plurel_prob import DatabaseError
from plurel_prob.cli.sample import draw_and_put, shard_of
from plurel_prob.corpora import CorpusFolder, Redrawn, open_corpus, problems_of, redraw
from plurel_prob.corpora.verify import EXACTLY, HAS_GIVEN, IS_OLDER, ROUGHLY
from plurel_prob.databases.disk import PROVENANCE, checksums
from plurel_prob.databases.provenance import dumps
from tests.files.killed import left_behind
from tests.models.tiny import tiny

PRIOR = tiny("compact")
SEEDS = (3, 4)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    for seed in SEEDS:
        plurel_prob.sample_to(folder / f"plurel-{seed}", seed, PRIOR)
    return folder


@pytest.fixture
def folder(drawn, tmp_path):
    return shutil.copytree(drawn, tmp_path / "out")


def sign_again(path, **changes):
    """Make the checksums those of the files as they are: somebody has written other values in good order."""
    content = json.loads((path / PROVENANCE).read_text())
    (path / PROVENANCE).unlink()
    (path / PROVENANCE).write_text(dumps(content | {"files": checksums(path)} | changes))


def test_what_is_complete_is_not_drawn_again(folder):
    corpus = open_corpus(str(folder))
    assert corpus.databases() == ["plurel-3", "plurel-4"]
    assert corpus.left_to_draw(range(2, 6), PRIOR) == [2, 5]
    with pytest.raises(DatabaseError, match="plurel-3 exists and was drawn from another prior"):
        corpus.left_to_draw(SEEDS, tiny("plurel"))
    shutil.move(folder / "plurel-4", folder / "plurel-5")
    with pytest.raises(DatabaseError, match="plurel-5 exists and"):
        corpus.left_to_draw([5], PRIOR)
    (folder / "plurel-3" / "latents.npz").unlink()
    with pytest.raises(DatabaseError, match="plurel-3/latents.npz: is missing; use --overwrite, or delete"):
        corpus.left_to_draw([3], PRIOR)


def test_a_sound_database_has_no_problems(folder):
    path = folder / "plurel-3"
    assert problems_of(path) == []
    assert redraw(path) == Redrawn(EXACTLY, [])
    assert CorpusFolder(path).databases() == ["."] and CorpusFolder(path).leftovers() == []


def test_what_was_compared_is_said(folder):
    path = folder / "plurel-3"
    name, table = next(iter(plurel_prob.load(path).schema.tables.items()))
    frame, file = plurel_prob.load(path).tables[name], path / "db" / f"{name}.parquet"
    column = next(column for column, kind in table.columns.items() if kind == "numerical")
    frame.assign(**{column: frame[column].to_numpy()[::-1]}).to_parquet(file, index=False)
    sign_again(path)
    assert redraw(path) == Redrawn(EXACTLY, [f"db/{name}.parquet: column {column} is not what the seed draws"])
    sign_again(path, instruction_set="another")
    assert redraw(path) == Redrawn(ROUGHLY, [])
    frame.assign(**{column: "text"}).to_parquet(file, index=False)
    sign_again(path, instruction_set="another")
    assert redraw(path) == Redrawn(ROUGHLY, [f"db/{name}.parquet: column {column} is not what the seed draws"])
    frame.iloc[:-1].to_parquet(file, index=False)
    sign_again(path, instruction_set="another")
    assert f"db/{name}.parquet: column {table.pkey} is not what the seed draws" in redraw(path).problems
    sign_again(path, given=["n_table"])
    assert redraw(path) == Redrawn(HAS_GIVEN, [])
    sign_again(path, given=[], program_version=0)
    assert redraw(path) == Redrawn(IS_OLDER, [])


def test_damage_is_found_and_named(folder):
    path = folder / "plurel-3"
    table = path / "db" / "table_0.parquet"
    whole = table.read_bytes()
    table.write_bytes(whole[:-5])
    assert problems_of(path) == [f"db/table_0.parquet: has {len(whole) - 5:,} bytes instead of {len(whole):,}"]
    table.write_bytes(whole[:300] + bytes([whole[300] ^ 1]) + whole[301:])
    assert problems_of(path) == ["db/table_0.parquet: differs from what was written (SHA-256)"]
    table.unlink()
    assert problems_of(path) == ["db/table_0.parquet: is missing"]
    table.write_bytes(whole)
    (path / "db" / "more.parquet").touch()
    assert problems_of(path) == ["db/more.parquet: was not written with the database"]
    (path / PROVENANCE).write_text("{")
    assert problems_of(path)[0].startswith(f"{PROVENANCE}: cannot be read")
    (path / PROVENANCE).unlink()
    assert problems_of(path)[0].startswith(f"{PROVENANCE}: no such file")


def test_wrong_tables_are_found_whatever_the_checksums(folder):
    path = folder / "plurel-4"
    database = plurel_prob.load(path)
    parent, child, key = database.schema.graph[0]
    frame = database.tables[child]
    column = next(iter(database.schema.tables[child].columns))
    file = path / "db" / f"{child}.parquet"

    frame.assign(**{column: frame[column].to_numpy()[::-1]}).to_parquet(file, index=False)
    sign_again(path)
    assert problems_of(path) == []
    assert redraw(path).problems == [f"db/{child}.parquet: column {column} is not what the seed draws"]

    n_parent = len(database.tables[parent])
    frame.assign(**{key: pd.array([n_parent] * len(frame), dtype="Int64")}).to_parquet(file, index=False)
    sign_again(path)
    assert problems_of(path) == [f"{child}.{key} is {n_parent} in row 0, which is no row of {parent}"]

    frame.assign(row_idx=frame["row_idx"] + 1).to_parquet(file, index=False)
    sign_again(path)
    assert f"{child}.row_idx: is 1 in row 0; rows are numbered 0, 1, 2, ..." in problems_of(path)


def test_one_run_writes_at_a_time_and_removes_what_killed_runs_left(folder):
    left, unmarked = left_behind(folder), folder / ".plurel-7.partial-abc"
    (unmarked / "db").mkdir(parents=True)
    corpus = CorpusFolder(folder)
    assert corpus.leftovers()[0].startswith(f"{left.name}: left by a run that was killed")
    assert corpus.leftovers()[1].startswith(f"{unmarked.name}: may be left by an earlier release")
    with corpus.writing():
        assert not left.exists() and (unmarked / "db").exists()
        with pytest.raises(DatabaseError, match="another run is writing there"), corpus.writing():
            pass
    with corpus.writing(is_shared=True), corpus.writing(is_shared=True):
        with pytest.raises(DatabaseError, match="another run is writing there"), corpus.writing():
            pass
    with corpus.writing():
        with pytest.raises(DatabaseError, match="another run is writing there"), corpus.writing(is_shared=True):
            pass
        assert sorted(path.name for path in folder.iterdir()) == [unmarked.name, "plurel-3", "plurel-4"]


def test_no_database_is_drawn_over_files_of_others(folder):
    for name in ("notes.txt", "db/more.parquet", "tasks/mine/manifest.yaml"):
        path = folder / "plurel-3" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("precious")
        with pytest.raises(DatabaseError, match="was not written with them, so it is not overwritten"):
            draw_and_put(CorpusFolder(folder), PRIOR.name, PRIOR.record(), True, False, True, 3)
        assert path.read_text() == "precious"
        path.unlink()
    (folder / "plurel-5").symlink_to(folder / "plurel-4")
    with pytest.raises(DatabaseError, match="plurel-5: is a link"):
        draw_and_put(CorpusFolder(folder), PRIOR.name, PRIOR.record(), True, False, True, 5)


def test_files_of_a_database_lie_in_its_folder(folder):
    path, elsewhere = folder / "plurel-3", folder / "elsewhere"
    for name in (PROVENANCE, "manifest.yaml", "latents.npz", "db/table_0.parquet"):
        (path / name).rename(elsewhere)
        (path / name).symlink_to(elsewhere)
        assert problems_of(path) == [f"{name}: is a link, which is not followed; put the file itself there"]
        with pytest.raises(DatabaseError, match=f"{name}: is a link"):
            CorpusFolder(folder).left_to_draw([3], PRIOR)
        (path / name).unlink()
        elsewhere.rename(path / name)


def test_shards_share_the_seeds():
    seeds = range(5, 28)
    assert sorted(seed for i in range(4) for seed in shard_of(seeds, f"{i}/4")) == list(seeds)
    assert shard_of(seeds, None) == seeds and list(shard_of(range(2), "3/4")) == []
    for wrong in ("4/4", "1", "a/b", "1/0", "-1/4"):
        with pytest.raises(DatabaseError, match=f"--shard {wrong}: needs i/n"):
            shard_of(seeds, wrong)


def test_folders_without_databases_are_refused(tmp_path):
    with pytest.raises(DatabaseError, match="has no databases"):
        CorpusFolder(tmp_path).databases()
    with pytest.raises(DatabaseError, match="no such folder"):
        CorpusFolder(tmp_path / "nothing").databases()
