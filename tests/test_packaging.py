import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_package_is_listed():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = [path.parent for path in (ROOT / "plurel_prob").rglob("__init__.py") if "models" not in path.parts]
    found = {".".join(folder.relative_to(ROOT).parts) for folder in folders} | {"plurel_prob.models"}
    assert set(listed) == found


def test_every_file_of_data_is_packaged():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    places = {package: ROOT / package.replace(".", "/") for package in listed}
    packaged = {path for package, patterns in listed.items() for pattern in patterns for path in places[package].glob(pattern)}
    files = [path for path in (ROOT / "plurel_prob").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert packaged == {path for path in files if path.suffix != ".py"}
    assert any(path.name == "MODEL_CARD.md" for path in packaged)


def test_files_are_short_and_the_programs_are_linked():
    assert (ROOT / "plurel_prob" / "models").resolve() == ROOT / "models"
    for folder in ("plurel_prob", "models", "tests", "docs"):
        for path in (ROOT / folder).rglob("*.py"):
            assert len(path.read_text().splitlines()) <= 300, path
