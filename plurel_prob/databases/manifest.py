"""Manifests of databases and tasks in RelBench format: every field that is used has the type it should have."""

import datetime
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from plurel_prob.documents import read_yaml
from plurel_prob.errors import DatabaseError, reason, shown
from plurel_prob.files import within

if TYPE_CHECKING:
    from relbench.manifest import DatasetManifest, TaskManifest
else:
    DatasetManifest = TaskManifest = Any  # RelBench is slow to import

MANIFEST = "manifest.yaml"
RELBENCH = "stanford-star/relbench-v1"  # where RelBench's databases are downloaded from
Splits = tuple[pd.Timestamp, pd.Timestamp]


def check_database(path: Path) -> None:
    """Refuse a place where no database is, or several are.

    Raises:
        DatabaseError: it is none; the message says what it is.
    """
    if not path.exists():
        known = f"; to download it, {RELBENCH}/{path}" if re.fullmatch(r"rel-\w+", str(path)) else ""
        raise DatabaseError(f"{path}: no such file or folder{known}")
    several = [] if (path / MANIFEST).exists() else sorted(path.glob(f"*/{MANIFEST}"))
    if several:
        raise DatabaseError(
            f"{path}: is a folder of databases; give one, such as {several[0].parent} (`plurel-prob show` takes all)"
        )


def refuse_file(path: Path) -> None:
    """Refuse a file where a folder in RelBench format is needed.

    Raises:
        DatabaseError: it is one; the message says how to make a folder of it.
    """
    if path.is_file():
        what_to_do = f"make a folder in RelBench format of it: plurel-prob convert {path} --to relbench --out FOLDER"
        raise DatabaseError(f"{path}: is a file; {what_to_do}")


def read_manifest(folder: Path) -> DatasetManifest:
    """Read the manifest of a database.

    Raises:
        DatabaseError: there is none, or a field of it is wrong; the message names both.
    """
    where = folder / MANIFEST
    return manifest_of_content(read_yaml(within(folder, MANIFEST), f"is {folder} a folder in RelBench format?"), str(where))


def write_manifest(manifest: DatasetManifest | TaskManifest, path: Path) -> None:
    """Write a manifest in UTF-8, whatever the encoding of the system is; texts of several lines stay such."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    content = yaml.dump(manifest.to_dict(), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=4096)
    path.write_text(content, encoding="utf-8")


def manifest_of_content(content: Any, where: str) -> DatasetManifest:
    """Make the manifest of a database of what YAML has; see :func:`read_manifest`."""
    from relbench.manifest import DatasetManifest

    require(isinstance(content, dict), where, "a mapping", content)
    check_fields(content, DATABASE, f"{where}: ")
    for field in ("val_timestamp", "test_timestamp"):
        if content[field] is not None:
            time_of(content[field], f"{where}: {field}")
    for name, spec in content["tables"].items():
        require(is_name(name), f"{where}: tables", "by names (a name such as 1 or yes wants quotes)", name)
        at = f"{where}: tables.{shown(name)}"
        check_fields(require(isinstance(spec, dict), at, "a mapping", spec), TABLE, f"{at}.")
        for key, parent in spec.get("fkeys", {}).items():
            require(is_name(key), f"{at}.fkeys", "by names of columns", key)
            require(is_name(parent), f"{at}.fkeys.{shown(key)}", "the name of a table", parent)
    return DatasetManifest.from_dict(content)


def splits_of(manifest: DatasetManifest, folder: Path) -> Splits:
    """Start of validation and test.

    Raises:
        DatabaseError: the manifest does not say when.
    """
    fields = ("val_timestamp", "test_timestamp")
    val, test = (time_of(getattr(manifest, field), f"{folder / MANIFEST}: {field}") for field in fields)
    return val, test


def known_splits(manifest: DatasetManifest, folder: Path) -> Splits | None:
    """Start of validation and test; None where the manifest has null for either."""
    return splits_of(manifest, folder) if None not in (manifest.val_timestamp, manifest.test_timestamp) else None


def read_task_manifest(path: Path) -> TaskManifest:
    """Read the manifest of a task.

    Raises:
        DatabaseError: it is missing, or a field of it is wrong; the message names both.
    """
    return task_manifest_of_content(read_yaml(path, f"has {path.parents[2]} a task of this name?"), str(path))


def task_manifest_of_content(content: Any, where: str) -> TaskManifest:
    """Make the manifest of a task of what YAML has; see :func:`read_task_manifest`."""
    from relbench.manifest import TaskManifest

    require(isinstance(content, dict), where, "a mapping", content)
    check_fields(content, TASK, f"{where}: ")
    manifest = TaskManifest.from_dict(content)
    try:
        manifest.validate()
    except ValueError as error:
        raise DatabaseError(f"{where}: {reason(error)}") from None
    return manifest


def require(is_right: bool, where: str, what: str, value: Any) -> Any:
    """Return a value of a document.

    Raises:
        DatabaseError: it is not what it must be.
    """
    if not is_right:
        raise DatabaseError(f"{where} must be {what}, is {'null' if value is None else shown(value)}")
    return value


def time_of(value: Any, where: str) -> pd.Timestamp:
    """Time of a document, where YAML may have made a date of it.

    Raises:
        DatabaseError: it is none, or has a zone.
    """
    what = "a time without a zone, such as 2020-01-31"
    require(isinstance(value, str | datetime.date), where, what, value)
    try:
        time: Any = pd.Timestamp(value)
    except (ValueError, TypeError, OverflowError):
        time = pd.NaT
    require(not pd.isna(time) and time.tz is None, where, what, value)
    return time


def check_fields(content: Mapping[str, Any], fields: Mapping[str, "Field"], where: str) -> None:
    """Refuse a mapping in which a field is missing or wrong; ``where`` ends as the name of a field goes on.

    Raises:
        DatabaseError: one is; the message names it.
    """
    for name, (is_right, what, is_needed) in fields.items():
        if name in content:
            require(is_right(content[name]), f"{where}{name}", what, content[name])
        elif is_needed:
            raise DatabaseError(f"{where}{name} is missing")


def is_text(value: Any) -> bool:
    """Whether a value is text."""
    return isinstance(value, str)


def is_name(value: Any) -> bool:
    """Whether a value is text that names something."""
    return isinstance(value, str) and value != ""


def _is_text_or_null(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _are_columns(value: Any) -> bool:
    pairs = value if isinstance(value, list) else [None]
    return all(isinstance(pair, list) and len(pair) == 2 and all(map(is_text, pair)) for pair in pairs)


Field = tuple[Callable[[Any], bool], str, bool]  # check, what it checks in words, whether the field has to be there
_NAME: Field = (_is_text_or_null, "the name of one column, or null", False)
_TEXT: Field = (_is_text_or_null, "text, or null", False)
_SPLIT: Field = (lambda value: True, "", True)
DATABASE: Mapping[str, Field] = {
    "name": (is_text, "text", True),
    "description": _TEXT,
    "val_timestamp": _SPLIT,
    "test_timestamp": _SPLIT,
    "tables": (lambda value: isinstance(value, dict), "a mapping of names to tables", True),
}
TABLE: Mapping[str, Field] = {
    "pkey": _NAME,
    "time_col": _NAME,
    "fkeys": (lambda value: isinstance(value, dict), "a mapping of columns to tables", False),
}
TASK: Mapping[str, Field] = {
    **dict.fromkeys(("name", "kind", "task_type"), (is_text, "text", True)),
    **dict.fromkeys(("description", "timedelta", "sql", "evaluator"), _TEXT),
    **dict.fromkeys(("entity_table", "src_entity_table", "dst_entity_table"), (_is_text_or_null, "the name of a table", False)),
    **dict.fromkeys(("entity_col", "target_col", "time_col", "src_entity_col", "dst_entity_col"), _NAME),
    "eval_k": (lambda value: value is None or _is_count(value), "an integer above 0", False),
    "num_eval_timestamps": (_is_count, "an integer above 0", False),
    "remove_columns": (_are_columns, "a list of pairs of a table and a column", False),
    "extra_files": (lambda value: isinstance(value, list) and all(map(is_text, value)), "a list of files", False),
}
