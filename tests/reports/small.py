"""Small databases for reports: a real one under hostile names, and one with latents that are made by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
from relbench.manifest import DatasetManifest, TableSpec

from plurel_prob import get_prior
from plurel_prob.databases import Database, DatabaseSchema, TableSchema
from plurel_prob.databases.disk import LATENTS, PROVENANCE
from plurel_prob.databases.flat import Group, Groups, tree_of, write_groups
from plurel_prob.databases.provenance import Origin, dumps, provenance
from plurel_prob.reports import Subject

EVIL = "<script>alert('x')</script>"
VAL, TEST = pd.Timestamp("2021-01-01"), pd.Timestamp("2021-03-01")


def hostile() -> Database:
    """Markup in every name and value: tables, columns, categories, texts."""
    rng = np.random.default_rng(0)
    parents = pd.DataFrame(
        {
            EVIL: np.arange(12),
            f"{EVIL} text": [EVIL] * 6 + ["a & b", 'quo"te', "]]>", "\x00\x1b", "ünï", None],
            "&amp;": pd.Categorical.from_codes(rng.integers(0, 2, 12), [EVIL, "<img src=x onerror=alert(1)>"]),
        }
    )
    children = pd.DataFrame(
        {
            "at": pd.date_range("2020-01-01", periods=200, freq="3D"),
            f"{EVIL} key": pd.Series(rng.integers(0, 12, 200), dtype="Int64").mask(rng.random(200) < 0.2),
            "</title><script>alert(2)</script>": rng.normal(size=200),
            "is": rng.random(200) < 0.5,
            "list": [[EVIL, i % 3] for i in range(200)],
            "nothing": np.full(200, np.nan),
            "edge": np.where(np.arange(200) == 3, np.inf, rng.normal(size=200)),
        }
    )
    kinds = {"&amp;": "categorical", f"{EVIL} text": "text"}
    more = {"</title><script>alert(2)</script>": "numerical", "is": "boolean", "list": "text", "nothing": "numerical"}
    schemas = {
        EVIL: TableSchema(12, kinds, EVIL, None, {}),
        "child </svg>": TableSchema(200, more | {"edge": "numerical"}, None, "at", {f"{EVIL} key": EVIL}),
    }
    return Database(f"db {EVIL}", {EVIL: parents, "child </svg>": children}, DatabaseSchema(schemas))


def write_shop(folder: Path) -> Path:
    """Users, some of whom invited others, and orders; the folder may have any name."""
    rng = np.random.default_rng(1)
    users = pd.DataFrame(
        {"id": np.arange(20), "age": rng.normal(size=20), "invited_by": pd.array([None] * 5 + [1] * 15, "Int64")}
    )
    at = pd.date_range("2020-01-01", "2021-06-01", periods=300)
    orders = pd.DataFrame({"order": np.arange(300), "at": at, "user": rng.integers(0, 20, 300), "note": "<b>bold</b>"})
    (folder / "db").mkdir(parents=True)
    users.to_parquet(folder / "db" / "users.parquet", index=False)
    orders.to_parquet(folder / "db" / "<i>orders.parquet", index=False)
    specs = {"users": TableSpec("id", None, {"invited_by": "users"}), "<i>orders": TableSpec("order", "at", {"user": "users"})}
    DatasetManifest(folder.name, VAL.isoformat(), TEST.isoformat(), tables=specs).save(folder / "manifest.yaml")
    return folder


def _group(variables: dict[str, tuple[tuple[str, ...], object]], labels: dict[str, object]) -> Group:
    return Group({name: (np.asarray(value), [*dims]) for name, (dims, value) in variables.items()}, labels)


def drawn() -> tuple[Database, Groups]:
    """Two tables as the program draws them: five nodes, three of them columns, one of which is constant and left out."""
    rng = np.random.default_rng(2)
    edge = np.zeros((5, 5), np.int8)
    for cause, effect in ((0, 1), (0, 2), (1, 3), (2, 3), (3, 4)):
        edge[cause, effect] = 1
    weight = np.where(edge, rng.normal(size=(5, 5)), 0)
    of_table = {
        "family": ((), "Layered"),
        "column_node": (("column",), np.array([0, 3, 4])),
        "edge": (("cause", "effect"), edge),
        "edge_weight": (("cause", "effect"), weight),
        "is_categorical": (("node",), np.array([0, 1, 0, 0, 1])),
    }
    links = {
        "parent_table": (("foreign_key",), np.array([0])),
        "n_level": (("foreign_key",), np.array([2])),
        "n_parent_cluster": (("foreign_key", "level"), np.array([[2, 3]])),
        "n_child_cluster": (("foreign_key", "level"), np.array([[3, 1]])),
        "affinity": (("foreign_key", "level", "parent_cluster", "child_cluster"), rng.uniform(0.001, 0.9, (1, 2, 3, 3))),
    }
    coords = {"column": [f"feature_{i}" for i in range(3)]}
    groups = {
        "prior": _group({"family": ((), "Layered"), "n_table": ((), 2)}, {}),
        "prior/table_0": _group(of_table, coords),
        "prior/table_1": _group(of_table | links, coords | {"foreign_key": ["foreign_row_0"]}),
    }
    columns = {"feature_0": "numerical", "feature_1": "boolean"}
    frames, schemas = {}, {}
    for i, (n_row, fkeys) in enumerate(((25, {}), (130, {"foreign_row_0": "table_0"}))):
        frames[f"table_{i}"] = pd.DataFrame(
            {
                "row_idx": np.arange(n_row),
                **{key: pd.array(rng.integers(0, 25, n_row), dtype="Int64") for key in fkeys},
                **({"date": pd.date_range("2020-01-01", periods=n_row)} if i else {}),
                "feature_0": rng.normal(size=n_row).astype(np.float32),
                "feature_1": rng.random(n_row) < 0.5,
            }
        )
        schemas[f"table_{i}"] = TableSchema(n_row, columns, "row_idx", "date" if i else None, fkeys)
    return Database("plurel-7", frames, DatabaseSchema(schemas)), groups


def drawn_subject() -> Subject:
    database, latents = drawn()
    origin = {"model": "plurel", "seed": 7, "fingerprint": get_prior("plurel").fingerprint, "given": [], "by_hand": []}
    return Subject(database, tree_of(latents), origin)


def write_drawn(folder: Path) -> Path:
    """The same as a folder that `plurel-prob sample` would write."""
    database, latents = drawn()
    (folder / "db").mkdir(parents=True)
    for name, frame in database.tables.items():
        frame.to_parquet(folder / "db" / f"{name}.parquet", index=False)
    specs = {name: TableSpec(table.pkey, table.time_col, table.fkeys) for name, table in database.schema.tables.items()}
    DatasetManifest(folder.name, VAL.isoformat(), TEST.isoformat(), tables=specs).save(folder / "manifest.yaml")
    write_groups(latents, folder / LATENTS)
    content = provenance(Origin(7, get_prior("plurel")), ("2020-01-01", "2020-06-01")) | {"files": {}}
    (folder / PROVENANCE).write_text(dumps(content))
    return folder
