"""Settings of a run, on disk."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from plurel_prob.documents import read_json
from plurel_prob.errors import DatabaseError, reason, shown
from plurel_prob.files import whole_file

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
else:
    DataclassInstance = Any

CONFIG = "config.json"
Settings = TypeVar("Settings", bound=DataclassInstance)


def save_settings(settings: DataclassInstance, folder: Path, **more: str) -> None:
    """Write ``config.json`` into a folder."""
    with whole_file(folder / CONFIG) as new:
        new.write_text(json.dumps(more | asdict(settings), indent=1) + "\n", encoding="utf-8")


def read_settings(kind: type[Settings], folder: Path, **more: str) -> Settings:
    """Read what :func:`save_settings` wrote; a list becomes a tuple.

    Args:
        kind: class of the settings.
        folder: of the run.
        more: what else the file must say, if it says anything of it.

    Raises:
        DatabaseError: the folder has none, it is broken, or of another kind of run.
    """
    path = folder / CONFIG
    content = read_json(path, f"is {folder} a folder that `plurel-prob pretrain` wrote?")
    _check_types(content, asdict(kind()), path)
    for name, value in more.items():
        if content.pop(name, value) != value:
            raise DatabaseError(f"{path}: is not a run with --{name} {value}")
    try:
        return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in content.items()})
    except DatabaseError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise DatabaseError(f"{path}: cannot be read: {reason(error)}") from None


def _check_types(content: Any, defaults: Mapping[str, Any], path: Path) -> None:
    if not isinstance(content, dict):
        raise DatabaseError(f"{path}: must have settings by name")
    for name, default in defaults.items():
        if name in content and not isinstance(content[name], (type(default), list if isinstance(default, tuple) else int)):
            raise DatabaseError(f"{path}: {name} cannot be {shown(content[name])}")


def check_same(settings: Settings, known: Settings, folder: Path) -> None:
    """Refuse to go on with a run of other settings.

    Raises:
        DatabaseError: a setting differs; the message names it.
    """
    for name in (field.name for field in fields(settings)):
        if getattr(settings, name) != getattr(known, name):
            raise DatabaseError(
                f"{folder}: was started with {name} {shown(getattr(known, name))}, not {shown(getattr(settings, name))}; "
                "choose another --out, and --init to start from its weights"
            )
