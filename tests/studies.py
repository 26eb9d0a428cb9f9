"""Modules of the studies under ``experiments/``, which are no packages."""

import importlib.util
from types import ModuleType

from tests.test_sampling import ROOT


def load(study: str, name: str) -> ModuleType:
    """Import ``experiments/<study>/<name>.py``."""
    path = ROOT / "experiments" / study / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{study}_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
