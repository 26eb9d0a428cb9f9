"""Imports lead one way and classes have names of their own, as their files say; what needs no JAX does not load it."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

from plurel_prob.stores.store import WRITERS
from tests.rfm.rows.features.shop import shop
from tests.test_sampling import run

ROOT = Path(__file__).parent.parent
TYPES = "TYPE_CHECKING"  # scope of imports for annotations only
DATABASE = "plurel_prob.databases.database"
# thin methods, where users look for them; what they call imports databases. Whatever else a module imports is below it
UPWARD = {
    (DATABASE, "Database.replay", "plurel_prob.interventions.counterfactual"): "it is kept with the database",
    (DATABASE, "Database.do", "plurel_prob.interventions.counterfactual"): "counterfactual databases",
    (DATABASE, "Database.effect", "plurel_prob.interventions.effects"): "average effects",
    (DATABASE, "Database.causal_graph", "plurel_prob.interventions.causal_graph"): "the true causal graph",
    (DATABASE, TYPES, "plurel_prob.interventions.counterfactual"): "the type of Database.replay",
    (DATABASE, TYPES, "plurel_prob.interventions.effects"): "the type of what Database.effect returns",
    (DATABASE, "Database.to_pyg", "plurel_prob.adapters.pyg"): "a graph of PyTorch Geometric",
    (DATABASE, "Database.save", "plurel_prob.tasks"): "tasks beside the tables, if they are asked for",
    (DATABASE, "Database.save", "plurel_prob.databases.disk"): "it reads databases, too",
}


# modules that import by a name in a text: the first two also import it for types; the third what writes a format
BY_TEXT = {"plurel_prob.__init__", "plurel_prob.declared.__init__", "plurel_prob.stores.store"}


class Import(NamedTuple):
    module: str  # that imports
    scope: str  # the function in which it does, "" for the module itself
    target: str  # module that is imported


def sources() -> dict[str, str]:
    """Text of every module, by its full name; that of a package ends in ``__init__``."""
    files = [*(ROOT / "plurel_prob").rglob("*.py"), *(ROOT / "plurel_prob" / "models").glob("*.py")]  # rglob follows no link
    return {".".join(file.relative_to(ROOT).with_suffix("").parts): file.read_text(encoding="utf-8") for file in files}


def imports_of(texts: Mapping[str, str]) -> Iterator[Import]:
    """Imports of modules of the package, wherever they are written."""
    for module, text in texts.items():
        for scope, name in _names(ast.parse(text), ""):
            homes = [name, f"{name}.__init__", name.rpartition(".")[0], f"{name.rpartition('.')[0]}.__init__"]
            target = next((home for home in homes if home in texts), None)
            if target is not None:
                yield Import(module, scope, target)


def _names(tree: ast.AST, scope: str) -> Iterator[tuple[str, str]]:
    for node in ast.iter_child_nodes(tree):
        within = scope
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                within = f"{scope}.{node.name}".strip(".")
            case ast.If() if TYPES in ast.unparse(node.test):
                within = TYPES
            case ast.Import():
                yield from ((scope, alias.name) for alias in node.names)
            case ast.ImportFrom():
                assert node.level == 0 and node.module, ast.unparse(node)
                yield from ((scope, f"{node.module}.{alias.name}") for alias in node.names)
        yield from _names(node, within)


def check_one_way(imports: Iterator[Import] | list[Import]) -> None:
    """Within each package, its modules and the packages in it import each other in no circle."""
    graphs: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in imports:
        ours, theirs = each.module.split("."), each.target.split(".")
        at = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b)
        graphs[".".join(ours[:at])][ours[at]].add(theirs[at])
    for package, graph in graphs.items():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle = error.args[1][::-1]
            raise AssertionError(f"{package}: " + " imports ".join(circle)) from None


def without_upward(imports: Iterator[Import]) -> list[Import]:
    found = [each for each in imports if each.module != each.target]
    upward = {(each.module, each.scope, each.target.removesuffix(".__init__")) for each in found} & UPWARD.keys()
    assert upward == UPWARD.keys()  # none is left in the list that is no more
    return [each for each in found if (each.module, each.scope, each.target.removesuffix(".__init__")) not in UPWARD]


def test_imports_lead_one_way():
    texts = sources()
    assert {module for module, text in texts.items() if "import_module" in text or "__import__" in text} == BY_TEXT
    formats = {f"plurel_prob.stores.{writer.module}" for writer in WRITERS.values()}
    by_text = [Import("plurel_prob.stores.store", "write_store", module) for module in formats]
    imports = [*without_upward(imports_of(texts)), *by_text]
    assert Import("plurel_prob.sampling.__init__", "sample", "plurel_prob.conditioning.__init__") in imports
    assert Import("plurel_prob.cli.show", TYPES, "plurel_prob.reports.__init__") in imports
    assert Import("plurel_prob.models.database", "", "plurel_prob.models.schema") in imports
    assert len({each.module for each in imports}) > 300
    check_one_way(imports)


@pytest.mark.parametrize(
    "late", ["def f():\n    from p.b.two import g", "if TYPE_CHECKING:\n    import p.b.two", "class C:\n    from p import b"]
)
def test_a_circle_is_found_wherever_the_import_is(late):
    texts = {"p.a.one": late, "p.a.two": "", "p.b.__init__": "", "p.b.two": "from p.a.two import h\nimport numpy"}
    with pytest.raises(AssertionError, match=r"p: (a imports b imports a|b imports a imports b)"):
        check_one_way(imports_of(texts))
    check_one_way(imports_of(texts | {"p.a.one": "from p.a.two import x"}))
    with pytest.raises(AssertionError, match="p.a: one imports two imports one|p.a: two imports one imports two"):
        check_one_way(imports_of({"p.a.one": "import p.a.two", "p.a.two": "def f():\n    from p.a.one import g"}))


def test_no_jax_is_loaded_for_what_needs_none(tmp_path):
    shop(tmp_path / "shop")
    code = f"""
import sys
import plurel_prob
assert not {{"jax", "numpyro", "pandas"}} & set(sys.modules)
from plurel_prob.cli import main
try:
    main(["validate", {str(tmp_path / "shop")!r}])
except SystemExit as end:
    print(end.code, sorted({{"jax", "numpyro", "pandas"}} & set(sys.modules)))
"""
    ended = run("-c", code)
    assert "['pandas']" in ended.stdout, ended.stdout + ended.stderr


def classes_of(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Modules by the name of the public classes that they define."""
    found = defaultdict(list)
    for module, text in texts.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(module)
    return found


def test_a_public_class_has_a_name_of_its_own():
    found = classes_of(sources())
    assert found["Database"] == ["plurel_prob.databases.database"] and len(found) > 250
    assert {name: modules for name, modules in found.items() if len(modules) > 1} == {}
    assert classes_of({"p.a": "class A: ...\nclass _B: ...", "p.b": "def f():\n    class A: ..."}) == {"A": ["p.a", "p.b"]}
