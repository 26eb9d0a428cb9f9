import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from relbench.manifest import DatasetManifest, TaskManifest

import plurel_prob
from plurel_prob import DatabaseError
from plurel_prob.corpora import problems_of
from plurel_prob.databases.disk import PROVENANCE, checksums
from plurel_prob.databases.provenance import CHECKSUM
from plurel_prob.tasks import add_tasks, autocomplete_tasks, forecast_tasks, split_database, write_tasks
from tests.tasks.relbench_check import check_with_relbench
from tests.tasks.small import random_database, shop

REAL = os.environ.get("PLUREL_PROB_DATA")
NEEDS_REAL = pytest.mark.skipif(REAL is None, reason="PLUREL_PROB_DATA names no folder of real databases")
# what other readers of the format know; they refuse anything else
KEYS = {"name", "kind", "task_type", "description", "entity_table", "entity_col", "target_col", "time_col", "timedelta"}
KEYS |= {"num_eval_timestamps", "remove_columns", "sql", "manifest_version"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_relbench_takes_every_task(tmp_path):
    folder = shop(tmp_path / "shop")
    tasks = write_tasks(folder)
    assert len(tasks) == 17 and not any(task.labels for task in tasks)
    check_with_relbench(folder, tasks[::2])
    for path in folder.glob("tasks/*"):
        manifest = yaml.safe_load((path / "manifest.yaml").read_text())
        assert set(manifest) <= KEYS
        parts = ["train.parquet", "val.parquet", "test.parquet"] if manifest["kind"] == "forecast" else []
        assert {file.name for file in path.iterdir()} == {"manifest.yaml", *parts}
    again = tmp_path / "again"
    write_tasks(shop(again))
    assert contents(again / "tasks") == contents(folder / "tasks")


@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(1, 12), marks=pytest.mark.slow)], ids=str)
def test_relbench_takes_tasks_of_random_schemas(seeds, tmp_path):
    for seed in seeds:
        folder = random_database(tmp_path / str(seed), seed)
        check_with_relbench(folder, write_tasks(folder)[::2])


def test_tasks_that_are_there_stay(tmp_path):
    folder = shop(tmp_path / "shop")
    mine = folder / "tasks" / "order_items-value"
    TaskManifest("mine", "autocomplete", "regression", entity_table="order items", target_col="value").save(
        mine / "manifest.yaml"
    )
    (mine / "notes.txt").write_text("by hand")
    before = contents(folder)
    written, kept = add_tasks(folder, "autocomplete")
    assert kept == ["order_items-value"] and len(written) == 4
    after = contents(folder)
    assert {name: after[name] for name in before} == before
    assert add_tasks(folder, "autocomplete") == ([], [*kept, *(task.manifest.name for task in written)])
    assert contents(folder) == after

    with pytest.raises(DatabaseError, match="notes.txt is no part of a task"):
        add_tasks(folder, overwrite=True)
    assert contents(folder) == after
    (mine / "notes.txt").unlink()
    written, kept = add_tasks(folder, overwrite=True)
    assert kept == [] and len(written) == 17
    assert {path.name for path in folder.iterdir()} == {"db", "manifest.yaml", "tasks"}
    assert {path.name for path in (folder / "tasks").iterdir()} == {task.manifest.name for task in written}


def test_all_or_nothing(tmp_path, monkeypatch):
    folder = shop(tmp_path / "shop")
    before, save, n_saved = contents(folder), pd.DataFrame.to_parquet, []

    def full_disk(frame, *arguments, **options):
        n_saved.append(1)
        if len(n_saved) > 5:
            raise OSError(28, "No space left on device")
        return save(frame, *arguments, **options)

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full_disk)
    with pytest.raises(DatabaseError, match="shop: cannot write tasks there: No space left"):
        add_tasks(folder)
    assert contents(folder) == before and {path.name for path in folder.iterdir()} == {"db", "manifest.yaml"}


def test_the_provenance_of_a_drawn_database_has_its_tasks(tmp_path):
    folder = shop(tmp_path / "shop")
    (folder / "latents.npz").write_bytes(b"whole")
    origin = {"fingerprint": "", "seed": 0, "given": [], "by_hand": [], "files": checksums(folder)}
    (folder / PROVENANCE).write_text(json.dumps(origin))
    written, _ = add_tasks(folder)
    assert written and problems_of(folder) == []
    noted = json.loads((folder / PROVENANCE).read_text())
    assert set(noted["files"]) == set(contents(folder)) - {PROVENANCE}
    assert noted.pop(CHECKSUM) and noted | {"files": origin["files"]} == origin

    (folder / "tasks" / written[0].manifest.name / "manifest.yaml").write_text("kind: none")
    (folder / "latents.npz").write_bytes(b"other")
    add_tasks(folder, overwrite=True)  # mends the task, but hides no damage to other files
    assert [problem.partition(":")[0] for problem in problems_of(folder)] == ["latents.npz"]


def test_bad_folders_are_an_error(tmp_path):
    with pytest.raises(DatabaseError, match="nothing/manifest.yaml: no such file"):
        add_tasks(tmp_path / "nothing")
    folder = shop(tmp_path / "shop")
    path = folder / "db" / "order items.parquet"
    frame = pd.read_parquet(path)
    shuffled = frame.assign(at=frame["at"].sample(frac=1, random_state=0).to_numpy())
    wrong = {
        "sort the rows by at": shuffled,
        "must number the rows": frame.assign(order_id=frame["order_id"] + 1),
        "foreign key buyer must be of type integer": frame.assign(buyer="somebody"),
        "without a time zone": frame.assign(at=frame["at"].dt.tz_localize("UTC")),
    }
    for words, changed in wrong.items():
        changed.to_parquet(path, index=False)
        with pytest.raises(DatabaseError, match=f"order items.parquet: .*{words}"):
            add_tasks(folder)
    frame.rename(columns={"at": "order time"}).to_parquet(path, index=False)
    manifest = DatasetManifest.load(folder / "manifest.yaml")
    manifest.tables["order items"].time_col = "order time"
    manifest.save(folder / "manifest.yaml")
    with pytest.raises(DatabaseError, match="another name for the time column"):
        add_tasks(folder)
    manifest.tables["order items"].fkeys["article"] = "things"
    manifest.save(folder / "manifest.yaml")
    with pytest.raises(DatabaseError, match="order items.article refers to things, which is no table"):
        add_tasks(folder)
    manifest.val_timestamp = "soon"
    manifest.save(folder / "manifest.yaml")
    with pytest.raises(DatabaseError, match="manifest.yaml: val_timestamp must be a time"):
        add_tasks(folder)
    assert not (folder / "tasks").exists()


@pytest.mark.slow
def test_a_compact_database(tmp_path):
    database = plurel_prob.sample(seed=10, prior="compact")
    folder = database.save(tmp_path / database.name)
    here, there = split_database(database), split_database(folder)
    assert (here.val_timestamp, here.test_timestamp, here.schemas) == (there.val_timestamp, there.test_timestamp, there.schemas)
    tasks, _ = add_tasks(folder)
    made = [*autocomplete_tasks(here), *forecast_tasks(here)]
    assert [(task.manifest, task.n_label) for task in tasks] == [(task.manifest, task.n_label) for task in made]
    assert {task.manifest.kind for task in tasks} == {"autocomplete", "forecast"}
    check_with_relbench(folder, tasks)
    assert problems_of(folder) == []
    assert plurel_prob.load(folder).schema == database.schema


@pytest.mark.slow
@NEEDS_REAL
@pytest.mark.parametrize("name", sorted(path.parent.name for path in Path(REAL).glob("*/manifest.yaml")) if REAL else [""])
def test_real_databases(name, tmp_path):
    for part in ("db", "manifest.yaml"):
        source = Path(REAL or "/") / name / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / part)
    tasks = write_tasks(tmp_path)
    assert len(tasks) > 5
    kinds = [[task for task in tasks if task.manifest.kind == kind] for kind in ("autocomplete", "forecast")]
    check_with_relbench(tmp_path, kinds[0][::8] + kinds[1][::2])  # RelBench reads all tables for each
