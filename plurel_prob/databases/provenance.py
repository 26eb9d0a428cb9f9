"""What a written database says about its origin: enough to draw it again."""

import json
import platform
from importlib.metadata import version
from typing import Any, NamedTuple

from plurel_prob.priors import PROGRAM_VERSION, Prior, override

PACKAGES = ("plurel-prob", "jax", "jaxlib", "numpyro", "numpy")


class Origin(NamedTuple):
    """What a database was drawn with."""

    seed: int
    prior: Prior
    given: tuple[str, ...] = ()  # names of what was given, the rest being drawn
    by_hand: tuple[str, ...] = ()  # columns that were set


def provenance(origin: Origin, window: tuple[str, str]) -> dict[str, Any]:
    """Return model, seed, names of what was given or set by hand, and the versions that drew, as plain JSON values.

    Values are reproducible bit for bit for the same versions, backend and instruction set; structure everywhere.
    """
    import jax

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
        with open("/proc/cpuinfo") as file:
            flags = next((line for line in file if line.startswith("flags")), "").split()
    except OSError:
        return "unknown"
    return next((name for name in ("avx512f", "avx2", "avx", "sse4_2") if name in flags), "unknown")


def origin_of(content: dict[str, Any]) -> Origin:
    """Return what a provenance records."""
    prior = override(Prior(name=content["model"]), content["prior"])
    return Origin(content["seed"], prior, tuple(content.get("given", ())), tuple(content.get("by_hand", ())))


def dumps(content: dict[str, Any]) -> str:
    """Return the text of a provenance file."""
    return json.dumps(content, indent=1) + "\n"
