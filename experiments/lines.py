"""Files of results: a line of JSON for each thing that was measured, so that what has a line is not measured again."""

import json
import os
import platform
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

Line = dict[str, Any]


def read_lines(path: Path) -> list[Line]:
    """Lines of a file; none if it is missing."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def append_lines(path: Path, measured: Iterable[Line], packages: tuple[str, ...], told: Callable[[Line], str]) -> None:
    """Write each line as soon as it is measured, with machine and versions, and tell of it."""
    device = f"{jax.default_backend()}, {jax.devices()[0].device_kind}"
    versions = {name: version(name) for name in ("plurel-prob", *packages)} | {"python": platform.python_version()}
    machine = {"device": device, "cores": os.cpu_count(), "versions": versions}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        for line in measured:
            print(json.dumps(line | machine), file=file, flush=True)
            print(told(line), flush=True)
