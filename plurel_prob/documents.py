"""JSON, YAML and TOML files that nobody vouches for: read within limits, or an error that names the file.

The limits are on size, depth and references: whatever a document holds, it takes a few seconds and a few hundred megabytes.
All files of these kinds are read here.
"""

import json
import os
import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plurel_prob.errors import DatabaseError, reason

MAX_JSON, MAX_YAML, MAX_TOML = 1 << 23, 1 << 22, 1 << 16  # bytes
MAX_DEPTH = 64  # mappings and lists within each other
MAX_PART = 500_000  # values and keys of a document
MAX_NODE = 50_000  # values and keys of a YAML document, what an alias stands for counted each time
MAX_NUMBER = 300  # characters of a YAML number; longer ones take quadratic time
MAX_DOT = 4000  # dots in a line of TOML: keys with dots take quadratic time
MAX_BITS = 64  # of an integer


def read_json(path: Path, hint: str = "") -> Any:
    """Content of a JSON file.

    Args:
        path: the file.
        hint: what to say where there is no such file.

    Raises:
        DatabaseError: it is missing, broken or beyond the limits; the message names it.
    """
    return _read(path, MAX_JSON, json.loads, hint)


def read_yaml(path: Path, hint: str = "") -> Any:
    """Content of a YAML file, see :func:`read_json`."""
    return _read(path, MAX_YAML, _load_yaml, hint)


def read_toml(path: Path, hint: str = "") -> dict[str, Any]:
    """Content of a TOML file, see :func:`read_json`."""
    content: dict[str, Any] = _read(path, MAX_TOML, _load_toml, hint)
    return content


def parse_json(content: bytes, where: str) -> Any:
    """Content of JSON that comes from elsewhere than a file; messages name it by ``where``.

    Raises:
        DatabaseError: it is broken or beyond the limits.
    """
    return _parse(content, where, MAX_JSON, json.loads)


def _read(path: Path, limit: int, parse: Callable[[str], Any], hint: str) -> Any:
    try:
        # a pipe or a device would never end; opened so, neither does opening one wait
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise DatabaseError(f"{path}: cannot be read: it is no file")
            content = file.read(limit + 1)
    except FileNotFoundError:
        raise DatabaseError(f"{path}: no such file" + (f"; {hint}" if hint else "")) from None
    except (OSError, ValueError) as error:
        if isinstance(error, DatabaseError):
            raise
        raise DatabaseError(f"{path}: cannot be read: {reason(error)}") from None
    return _parse(content, str(path), limit, parse)


def _parse(content: bytes, where: str, limit: int, parse: Callable[[str], Any]) -> Any:
    if len(content) > limit:
        raise DatabaseError(f"{where}: cannot be read: it has more than {limit:,} bytes")
    try:
        result = parse(content.decode("utf-8-sig"))
        _check(result)
    except RecursionError:
        raise DatabaseError(f"{where}: cannot be read: {_TOO_DEEP}") from None
    except Exception as error:  # of parsers, whatever they make of a broken file
        raise DatabaseError(f"{where}: cannot be read: {reason(error)}") from None
    return result


_TOO_DEEP = f"it is nested more than {MAX_DEPTH} deep"


def _check(content: Any) -> None:
    """Refuse what is too much or nested too deeply, integers that no field has, and text that cannot be written.

    Raises:
        ValueError: there is such.
    """
    left, n_part = [(content, 0)], 0
    while left:
        value, depth = left.pop()
        if isinstance(value, dict | list):
            if depth == MAX_DEPTH:
                raise ValueError(_TOO_DEEP)
            parts = [*value, *value.values()] if isinstance(value, dict) else value
            n_part += len(parts)
            if n_part > MAX_PART:
                raise ValueError(f"it has more than {MAX_PART:,} values")
            left += ((part, depth + 1) for part in parts)
        elif isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise ValueError(f"it has an integer of more than {MAX_BITS} bits")
        elif isinstance(value, str) and not value.isascii():
            value.encode()  # half a character, such as \ud800, has no bytes


def _load_toml(text: str) -> dict[str, Any]:
    if max(line.count(".") for line in text.split("\n")) > MAX_DOT:
        raise ValueError(f"it has more than {MAX_DOT:,} dots in a line")
    return tomllib.loads(text)


def _load_yaml(text: str) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    _check_references(yaml.parse(text, loader))
    return yaml.load(text, loader)


def _check_references(events: Any) -> None:
    """Refuse a document that is too large where every alias is replaced by what it stands for, before that is done.

    Raises:
        ValueError: it is, it is nested too deeply, or it has a number that is too long.
    """
    import yaml

    sizes: dict[str, int] = {}  # of what has an anchor, once it is complete
    open_nodes: list[tuple[str | None, int]] = []  # anchor, and nodes before it
    n_node = 0
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor is not None:
                sizes[anchor] = n_node - before
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in (anchor for anchor, _ in open_nodes):
                raise ValueError(f"what &{event.anchor} names holds itself")
            n_node += sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, n_node))
            n_node += 1
        else:
            n_node += 1
            sizes[event.anchor] = 1
            if len(event.value) > MAX_NUMBER and re.fullmatch(r"[-+0-9_:.]+", event.value):
                raise ValueError(f"it has a number of more than {MAX_NUMBER} characters")
        if len(open_nodes) > MAX_DEPTH:
            raise ValueError(_TOO_DEEP)
        if n_node > MAX_NODE:
            raise ValueError(f"it has more than {MAX_NODE:,} parts, each reference counted as what it stands for")
