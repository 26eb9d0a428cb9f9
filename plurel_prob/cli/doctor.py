"""``plurel-prob doctor``."""

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from plurel_prob import __version__
from plurel_prob.cli.output import AsJson, PlainConsole, new_table, plain, print_json, print_table
from plurel_prob.errors import reason

PACKAGES = ("jax", "jaxlib", "numpyro", "numpy", "pandas", "xarray", "arviz-base", "duckdb", "pyarrow", "relbench")
MODULES = {  # one that tells whether an extra is installed
    "cloud": "obstore",
    "grain": "grain",
    "huggingface": "datasets",
    "pyg": "torch_geometric",
    "ray": "ray",
    "rfm": "equinox",
    "sql": "sqlglot",
    "text": "sentence_transformers",
    "torch": "torch",
}
WRONG = 1  # exit code


def doctor(*, as_json: AsJson = False) -> None:
    """Print versions, devices, the cache of compiled programs and extras, and test in seconds that all of it works.

    Put this beside a report of a bug. Ends with exit code 1 if a test fails.

    For example:

        plurel-prob doctor

    Args:
        as_json: print JSON, and nothing else.
    """
    with PlainConsole(stderr=True).status("testing"):
        facts, tests = dict(_facts()), dict(_tests())
    failed = [name for name, (problem, _) in tests.items() if problem]
    if as_json:
        results = {name: {"problem": problem or None, "seconds": seconds} for name, (problem, seconds) in tests.items()}
        print_json(facts | {"tests": results})
    else:
        table = new_table("what", "found")
        for name, found in facts.items():
            table.add_row(name, found)
        print_table(table)
        table = new_table("test", "result", numbers=("seconds",))
        for name, (problem, seconds) in tests.items():
            table.add_row(name, plain(problem, "bold") if problem else "passed", f"{seconds:.1f}")
        print_table(table)
    if failed:
        sys.exit(WRONG)


def _facts() -> Iterator[tuple[str, str]]:
    import jax

    from plurel_prob.programs.files import use_compilation_cache

    use_compilation_cache()
    yield "plurel-prob", f"{__version__}, {Path(__file__).parents[1]}"
    yield "python", f"{platform.python_version()}, {platform.platform()}"
    yield "packages", ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    yield "processor", f"{os.cpu_count()} cores, {platform.machine()}"
    yield "memory", _memory()
    try:
        yield "devices", ", ".join(f"{device.platform} {device.device_kind}" for device in jax.devices())
    except Exception as error:  # of drivers, or of JAX_PLATFORMS
        yield "devices", f"none: {reason(error)}"
    yield "compiled programs", _cache()
    installed = [name for name, module in MODULES.items() if find_spec(module)]
    yield "extras", ", ".join(installed) or "none"
    missing = [name for name in MODULES if name not in installed]
    yield "extras not installed", f"{', '.join(missing)}: pip install 'plurel-prob[{missing[0]}]'" if missing else "none"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"
    except (AttributeError, OSError, ValueError):  # Windows
        return "unknown"


def _cache() -> str:
    import jax

    folder: str | None = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    if folder is None or "://" in folder:
        return str(folder)
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    if not files:
        return f"{folder}: none; the first draw compiles for about a minute"
    return f"{folder}: {len(files):,} files, {sum(path.stat().st_size for path in files) / 1e6:,.0f} MB"


def _tests() -> Iterator[tuple[str, tuple[str, float]]]:
    """Run each test: its name, what is wrong (empty: nothing), and seconds."""
    tests: dict[str, Callable[[], Any]] = {
        "the device multiplies in full precision": _multiplies,
        "a law draws, and its density is that of its draws": _draws,
        "tables go to disk and back": _writes,
        "the cache of compiled programs can be written": _keeps,
    }
    for name, test in tests.items():
        start = time.perf_counter()
        try:
            test()
            problem = ""
        except Exception as error:  # whatever is wrong with an installation
            problem = f"{type(error).__name__}: {reason(error)}"
        yield name, (problem, time.perf_counter() - start)


def _multiplies() -> None:
    import jax.numpy as jnp
    import numpy as np

    from plurel_prob.precision import multiply

    x = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    error = np.abs(np.asarray(multiply(jnp.asarray(x), jnp.asarray(x))) - x.astype(np.float64) @ x.astype(np.float64)).max()
    if error >= 1e-4:  # no assertion, which python -O leaves out
        raise ArithmeticError(f"products are off by {error:.1e}")


def _draws() -> None:
    import jax
    import numpy as np

    from plurel_prob.distributions.graphs import ErdosRenyi

    law = ErdosRenyi(3, 0.5, 3)
    marks = np.asarray(law.sample(jax.random.key(0), (400,))).reshape(400, -1)
    kinds, counts = np.unique(marks, axis=0, return_counts=True)
    chances = np.exp(np.asarray(jax.vmap(law.log_prob)(kinds.reshape(-1, *law.event_shape))))
    if np.abs(counts / 400 - chances).max() >= 0.12:
        raise ArithmeticError("frequencies of draws are not what their density says")


def _writes() -> None:
    import pandas as pd

    from plurel_prob.files import temporary_folder

    frame = pd.DataFrame({"a": [1, 2], "b": pd.Categorical(["x", "y"])})
    with temporary_folder() as folder:
        frame.to_parquet(folder / "table.parquet")
        pd.testing.assert_frame_equal(pd.read_parquet(folder / "table.parquet"), frame)


def _keeps() -> None:
    import jax

    from plurel_prob.files import marked_folder

    folder: str | None = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    if folder is not None and "://" not in folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with marked_folder(Path(folder)):
            pass
