"""Files of whole programs: one that is found is loaded without being traced, lowered and compiled, in a third of the time.

JAX's persistent cache knows a program by its text, which takes seconds to make. These files are known by what makes the text: a
name that says what is computed and of which shapes, the source of this package's programs, versions, flags, devices.
"""

import hashlib
import os
import pickle
import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
from jax import Device
from jax.experimental.serialize_executable import deserialize_and_load, serialize

from plurel_prob.files.places import whole_file

SOURCES = ("*.py", "models/*.py", "programs/*.py", "distributions/**/*.py", "priors/**/*.py")  # of programs
PACKAGES = ("jax", "jaxlib", "numpyro", "numpy")
FLAGS = ("XLA_FLAGS", "NPROC", "OMP_NUM_THREADS")  # of the environment
SETTINGS = ("jax_enable_x64", "jax_default_matmul_precision", "jax_threefry_partitionable")  # of JAX, wherever they were set
HASH = hashlib.sha256().digest_size  # bytes at the start of a file


@cache
def _environment() -> str:
    """What decides how a program is compiled, beside itself."""
    package, digest = Path(__file__).parent.parent, hashlib.sha256()
    for path in sorted({path for pattern in SOURCES for path in package.glob(pattern)}):
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    cpuinfo = Path("/proc/cpuinfo")  # on Linux
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    features = next((line for line in lines if line.startswith("flags")), platform.processor())
    versions = [f"{name} {version(name)}" for name in PACKAGES]
    return repr((digest.hexdigest(), versions, [os.environ.get(name) for name in FLAGS], features, os.cpu_count()))


def file_of(name: str, devices: Sequence[Device]) -> Path | None:
    """Where a program is kept, if programs are; arguments as for :func:`plurel_prob.programs.compilation.compile_program`."""
    folder = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    if folder is None or "://" in folder or not jax.config.jax_enable_compilation_cache:  # type: ignore[attr-defined]
        return None
    on = [(device.platform, device.device_kind, device.id) for device in devices]
    settings = [getattr(jax.config, setting) for setting in SETTINGS]
    key = hashlib.sha256(repr((name, on, settings, _environment())).encode()).hexdigest()
    return Path(folder) / "programs" / key


def load(path: Path, devices: Sequence[Device]) -> Any | None:
    """Load a program; None if there is none, or it is damaged: then it is removed."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    try:
        if hashlib.sha256(content[HASH:]).digest() != content[:HASH]:
            raise ValueError("damaged")
        payload, in_tree, out_tree = pickle.loads(content[HASH:])
        return deserialize_and_load(payload, in_tree, out_tree, devices[0].client, devices)
    except Exception:  # whatever a file of another version makes of it
        path.unlink(missing_ok=True)
        return None


@contextmanager
def waiting_for_others(path: Path) -> Iterator[None]:
    """Wait while another process makes the same program, which takes a core half a minute; where there are no locks, do not."""
    lock = path.with_suffix(".lock")
    with ExitStack() as stack:
        with suppress(OSError, ImportError):  # Windows has no such locks, nor have all file systems
            import fcntl

            path.parent.mkdir(parents=True, exist_ok=True)
            fcntl.flock(stack.enter_context(lock.open("w")), fcntl.LOCK_EX)
            stack.callback(lock.unlink, missing_ok=True)
        yield


def keep(path: Path, compiled: Any) -> None:
    """Write a program that was compiled in this process; nothing is kept where that is not possible."""
    try:
        content = pickle.dumps(serialize(compiled))
        with whole_file(path) as file:
            file.write_bytes(hashlib.sha256(content).digest() + content)
    except (OSError, ValueError, NotImplementedError, jax.errors.JaxRuntimeError):  # no room, or a device without files
        return
