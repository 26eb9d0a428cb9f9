"""What a written database says about its origin: enough to draw it again."""

import hashlib
import json
import platform
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from plurel_prob.databases.manifest import Field, check_fields, is_text, require, time_of
from plurel_prob.documents import read_json
from plurel_prob.errors import DatabaseError, PriorError, shown
from plurel_prob.files import PROVENANCE, within

if TYPE_CHECKING:
    from plurel_prob.priors import Prior
else:
    Prior = Any  # it imports JAX

CHECKSUM = "sha256"  # of all else in the file
PACKAGES = ("plurel-prob", "jax", "jaxlib", "numpyro", "numpy")


class Origin(NamedTuple):
    """What a database was drawn with."""

    seed: int
    prior: Prior
    given: tuple[str, ...] = ()  # names of what was given, the rest being drawn
    by_hand: tuple[str, ...] = ()  # columns that were set

    @property
    def name(self) -> str:
        """What the database is called."""
        return f"plurel-{self.seed}"


def provenance(origin: Origin, window: tuple[str, str]) -> dict[str, Any]:
    """Return model, seed, names of what was given or set by hand, and the versions that drew, as plain JSON values.

    Values are reproducible bit for bit for the same versions, backend and instruction set; structure everywhere.
    """
    import jax

    from plurel_prob.priors import PROGRAM_VERSION

    prior = origin.prior
    return {
        "model": prior.name,
        "fingerprint": prior.fingerprint,
        "program_version": PROGRAM_VERSION,
        "seed": origin.seed,
        "given": list(origin.given),
        "by_hand": list(origin.by_hand),
        "window": list(window),
        "versions": {package: version(package) for package in PACKAGES} | {"python": platform.python_version()},
        "backend": jax.default_backend(),
        "device": jax.devices()[0].device_kind,
        "machine": platform.machine(),
        "instruction_set": instruction_set(),
        "prior": prior.record(),
    }


def instruction_set() -> str:
    """Widest vector instructions of an x86 processor, where Linux tells; they decide the last bits of values."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = next((line for line in file if line.startswith("flags")), "").split()
    except OSError:
        return "unknown"
    return next((name for name in ("avx512f", "avx2", "avx", "sse4_2") if name in flags), "unknown")


def read_provenance(folder: Path) -> dict[str, Any]:
    """Read what a database says about its origin and its files.

    Raises:
        DatabaseError: it says nothing, or something that :func:`check_provenance` refuses.
    """
    where = folder / PROVENANCE
    return check_provenance(
        read_json(within(folder, PROVENANCE), f"is {folder} a folder that `plurel-prob sample` wrote?"), str(where)
    )


def check_provenance(content: Any, where: str) -> dict[str, Any]:
    """Return what a provenance says if it is what was written, and its fields have the types that they should have.

    Files that earlier versions wrote have no checksum.

    Raises:
        DatabaseError: it is not; the message names the field.
    """
    require(isinstance(content, dict), where, "a mapping", content)
    if CHECKSUM in content and content[CHECKSUM] != checksum_of(content):
        raise DatabaseError(f"{where}: was changed after it was written: its {CHECKSUM} is not that of its content")
    unknown = content.keys() - FIELDS.keys() - {CHECKSUM}
    if unknown and CHECKSUM not in content:
        raise DatabaseError(f"{where}: was changed after it was written: nothing writes {shown(min(unknown))}")
    check_fields(content, FIELDS, f"{where}: ")
    return dict(content)


def checksum_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of all that a provenance says but for its checksum, in hexadecimal digits."""
    rest = {name: value for name, value in content.items() if name != CHECKSUM}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def origin_of(content: Mapping[str, Any], where: str) -> tuple[Origin, tuple[pd.Timestamp, pd.Timestamp]]:
    """Return the origin and the window of time that a provenance records.

    Raises:
        DatabaseError: it does not record them, or they are none.
    """
    from plurel_prob.priors import Prior, override

    for name in ("model", "prior", "seed", "window"):
        if name not in content:
            raise DatabaseError(f"{where}: {name} is missing")
    try:
        prior = override(Prior(name=content["model"]), content["prior"])
    except PriorError as error:
        raise DatabaseError(f"{where}: prior: {error}") from None
    first, last = (time_of(day, f"{where}: window") for day in content["window"])
    require(first <= last, f"{where}: window", "a first and a last day", content["window"])
    return Origin(content["seed"], prior, tuple(content.get("given", ())), tuple(content.get("by_hand", ()))), (first, last)


def dumps(content: Mapping[str, Any]) -> str:
    """Return the text of a provenance file, with its checksum."""
    return json.dumps({**content, CHECKSUM: checksum_of(content)}, indent=1) + "\n"


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_text, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def _are_files(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_file(name, file) for name, file in value.items())


def _is_file(name: str, file: Any) -> bool:
    path = PurePosixPath(name)
    is_inside = bool(path.parts) and not path.is_absolute() and ".." not in path.parts
    n_byte, digest = (file.get("bytes"), file.get("sha256")) if isinstance(file, dict) else (None, None)
    is_size = isinstance(n_byte, int) and not isinstance(n_byte, bool) and n_byte >= 0
    return is_inside and is_size and isinstance(digest, str) and re.fullmatch("[0-9a-f]{64}", digest) is not None


FIELDS: Mapping[str, Field] = {
    **dict.fromkeys(("model", "fingerprint", "backend", "device", "machine", "instruction_set"), (is_text, "text", False)),
    **dict.fromkeys(("seed", "program_version"), (_is_number, "an integer from 0 to 2147483647", False)),
    **dict.fromkeys(("given", "by_hand"), (_are_texts, "a list of texts", False)),
    "window": (lambda value: _are_texts(value) and len(value) == 2, "a first and a last day", False),
    "versions": (lambda value: isinstance(value, dict) and all(map(is_text, value.values())), "versions by package", False),
    "prior": (lambda value: isinstance(value, dict), "a mapping", False),
    "schema": (is_text, "text", False),
    "files": (_are_files, "a mapping of files below the folder to their bytes and sha256", False),
}
