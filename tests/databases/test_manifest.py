import copy

import pandas as pd
import pytest
import yaml

from plurel_prob import DatabaseError
from plurel_prob.databases import observe
from plurel_prob.databases.manifest import known_splits, read_manifest, read_task_manifest, splits_of

MANIFEST = {
    "name": "shop",
    "description": None,
    "val_timestamp": "2020-01-01",
    "test_timestamp": "2021-01-01",
    "tables": {"users": {"pkey": "id", "time_col": None, "fkeys": {}}, "orders": {"pkey": "id", "fkeys": {"user": "users"}}},
}
TASK = {
    "name": "t",
    "kind": "forecast",
    "task_type": "regression",
    "entity_table": "users",
    "entity_col": "id",
    "target_col": "y",
    "time_col": "at",
    "timedelta": "60 days",
    "sql": "SELECT 1",
}
WRONG = [["a"], {"a": 1}, 7, True, 1.5]


def write(folder, content):
    (folder / "manifest.yaml").write_text(yaml.safe_dump(content))
    return folder


def places(content, path=()):
    for key, value in content.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from places(value, (*path, key))


def changed(content, path, value):
    content = copy.deepcopy(content)
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return content


@pytest.mark.parametrize("path", list(places(MANIFEST)), ids=".".join)
def test_every_field_of_a_manifest_is_checked_and_named(path, tmp_path):
    for value in WRONG:
        if isinstance(value, dict) and path[-1] in ("fkeys", "tables", "users", "orders"):
            continue  # of the right type; what is in it is wrong
        with pytest.raises(DatabaseError, match=rf"manifest.yaml: {'.'.join(path)} must be .*, is "):
            read_manifest(write(tmp_path, changed(MANIFEST, path, value)))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("tables", "orders", "fkeys"), {"user": ["users"]}, "tables.orders.fkeys.user must be the name of a table, is"),
        (("tables", "orders", "fkeys"), {True: "users"}, "tables.orders.fkeys must be by names of columns, is True"),
        (("tables", "orders", "fkeys"), None, "tables.orders.fkeys must be a mapping of columns to tables, is null"),
        (("tables",), {1: {}}, "tables must be by names"),
        (("tables",), {"": {}}, "tables must be by names"),
        (("tables", "users"), None, "tables.users must be a mapping, is null"),
        (("val_timestamp",), "2020-01-01T00:00:00+02:00", "val_timestamp must be a time without a zone"),
        (("val_timestamp",), "soon" * 1000, "val_timestamp must be a time"),
        (("test_timestamp",), "NaT", "test_timestamp must be a time"),
    ],
)
def test_what_a_manifest_gets_wrong_is_said(path, value, words, tmp_path):
    with pytest.raises(DatabaseError, match=words) as caught:
        read_manifest(write(tmp_path, changed(MANIFEST, path, value)))
    assert len(str(caught.value)) < len(str(tmp_path)) + 250


@pytest.mark.parametrize("field", ["name", "val_timestamp", "test_timestamp", "tables"])
def test_what_a_manifest_lacks_is_said(field, tmp_path):
    with pytest.raises(DatabaseError, match=f"manifest.yaml: {field} is missing"):
        read_manifest(write(tmp_path, {name: value for name, value in MANIFEST.items() if name != field}))


def test_times_of_splits_are_needed_only_where_they_are_used(tmp_path):
    manifest = read_manifest(write(tmp_path, changed(MANIFEST, ("val_timestamp",), None)))
    assert known_splits(manifest, tmp_path) is None
    with pytest.raises(DatabaseError, match="val_timestamp must be a time without a zone, such as 2020-01-31, is null"):
        splits_of(manifest, tmp_path)
    (tmp_path / "manifest.yaml").write_text(yaml.safe_dump(MANIFEST).replace("'", ""))  # dates of YAML's own
    assert splits_of(read_manifest(tmp_path), tmp_path) == (pd.Timestamp("2020-01-01"), pd.Timestamp("2021-01-01"))


def test_no_reader_of_tables_goes_round_the_checks(tmp_path):
    with pytest.raises(DatabaseError, match="tables.users.pkey must be the name of one column, or null"):
        observe(write(tmp_path, changed(MANIFEST, ("tables", "users", "pkey"), ["id"])))


@pytest.mark.parametrize("field", [*TASK, "remove_columns", "eval_k", "num_eval_timestamps", "src_entity_table", "extra_files"])
def test_every_field_of_a_task_is_checked_and_named(field, tmp_path):
    for value in ({"a": 1}, [{"a": 1}], -1, [["users"]]):
        with pytest.raises(DatabaseError, match=f"manifest.yaml: {field} must be"):
            read_task_manifest(write(tmp_path, TASK | {field: value}) / "manifest.yaml")
    assert read_task_manifest(write(tmp_path, TASK) / "manifest.yaml").timedelta == "60 days"
