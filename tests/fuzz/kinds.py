"""What is changed, how, and which commands read it."""

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import yaml
from hypothesis import strategies as st

from tests.fuzz.mutations import ODD_DOCUMENTS, bytes_of, json_of, texts_of, toml_of, trees, yaml_of
from tests.fuzz.tables import columns_of

Change = Callable[[bytes], st.SearchStrategy[bytes]]


class Command(NamedTuple):
    """A command, with ``{source}`` and ``{out}``, and the files and folders that it may write."""

    words: str
    writes: str = "out"

    @property
    def has_findings(self) -> bool:
        """Whether exit code 1 says that something was found."""
        return self.words.startswith(("verify", "validate"))


@dataclass(frozen=True)
class Kind:
    """A kind of file, changed in a way.

    Attributes:
        source: example that has it.
        files: pattern of its path.
        change: how it is changed.
        commands: that read it.
        is_slow: whether one of them runs programs.
    """

    source: str
    files: str
    change: Change
    commands: tuple[Command, ...]
    is_slow: bool = False


def commands(*words: str, writes: str = "out") -> tuple[Command, ...]:
    """Commands that write to one place."""
    return tuple(Command(text, writes) for text in words)


def conversions(path: str, *to: str) -> tuple[Command, ...]:
    """Commands that convert a store."""
    return commands(*(f"convert {{source}}/{path} --to {form} --out {{out}}/x" for form in to))


def read_folder(name: str, *to: str) -> tuple[Command, ...]:
    """Commands that read a folder in RelBench format, and run no program."""
    read = (
        "show {source}/NAME --out {out}/p.html",
        "show {source} --out {out}/p.html",
        "validate {source}/NAME",
        "validate {source}/NAME --for rt",
    )
    found = commands(*(words.replace("NAME", name) for words in read))
    added = Command(f"tasks {{source}}/{name} --overwrite", f"source/{name}/tasks source/{name}/plurel_prob.json")
    return found + (added,) + conversions(name, *to)


def documents(load: Callable, dump: Callable) -> Change:
    """Change a document leaf by leaf, byte by byte, or wholly."""

    def change(valid: bytes) -> st.SearchStrategy[bytes]:
        tree = trees(load(valid)).map(dump)
        return st.one_of(tree, tree, tree, tree, bytes_of(valid), st.sampled_from(ODD_DOCUMENTS))

    return change


in_yaml = documents(yaml.safe_load, yaml_of)
in_json = documents(json.loads, json_of)
in_toml = documents(lambda valid: tomllib.loads(valid.decode()), toml_of)
READ_SHOP = read_folder("shop", "csv", "parquet", "sqlite", "duckdb", "relbench", "huggingface")
READ_DRAWN = (
    read_folder("plurel-2", "csv", "sqlite", "relbench", "huggingface")
    + commands(
        "describe {source}/plurel-2", "graph {source}/plurel-2 --out {out}/g.dot", "graph {source}/plurel-2 --out {out}/g.graphml"
    )
    + commands("verify {source} --redraw 0", "verify {source}/plurel-2 --redraw 0")
)
READ_LATENTS = READ_DRAWN[:2] + READ_DRAWN[-5:]
READ_TASKS = READ_SHOP[2:5] + READ_SHOP[-2:]
# what is read before something that is missing is noticed
READ_SCHEMA = "sample --out {out}/o --rows no_such_table=1 --schema {source}/"
READ_PRIOR = "sample --out {out}/o --address nowhere --prior {source}/prior.toml"
PROGRAMS_SHOP = commands(
    "score {source}/shop --out {out}/s.csv",
    "infer schema {source}/shop --draws 20 --out {out}/s.nc",
    "infer links {source}/shop --key orders.buyer --draws 20 --out {out}/l.nc",
    "infer features {source}/shop --table orders --draws 20 --out {out}/f.nc",
    "sample --schema {source}/shop --out {out}/o --format csv --rows source",
)
PROGRAMS_DRAWN = commands("score {source}/plurel-2 --out {out}/s.csv", "verify {source}") + commands(
    "sample --out {source} --seed 2", "sample --out {source} --seed 2 --overwrite", writes="source"
)
RFM = commands(
    "evaluate {source}/shop --checkpoint {source}/run --method cells",
    "pretrain --network cells --data {source}/shop --out {out}/run --init {source}/run --steps 1 --batch-size 2 "
    "--context-length 32",
) + commands(
    "pretrain --network cells --data {source}/shop --out {source}/run --steps 1 --batch-size 2 --context-length 32",
    writes="source/run",
)
PREDICT = commands(
    "predict {source}/shop --column orders.mood --members trees --explain --out {out}/p.csv",
    "predict {source}/shop --forecast orders --by users --within 30d --measure mean:value --members trees --out {out}/p.json",
)
PREDICT_TASK = commands("predict {source}/shop --task orders-is_gift --members trees --out {out}/p.parquet")
PREDICT_LABELS = commands("predict {source}/shop --task users-orders-buyer-any --members trees --out {out}/p.parquet")
READ_WEIGHTS = commands("predict {source}/shop --column orders.mood --members network --checkpoint {source}/rows.safetensors")

KINDS: dict[str, Kind] = {
    "manifest": Kind("shop", "shop/manifest.yaml", in_yaml, READ_SHOP),
    "manifest of a drawn database": Kind("drawn", "*/manifest.yaml", in_yaml, READ_DRAWN),
    "provenance": Kind("drawn", "*/plurel_prob.json", in_json, READ_DRAWN),
    "latents": Kind("drawn", "*/latents.npz", bytes_of, READ_LATENTS),
    "bytes of tables": Kind("shop", "shop/db/*.parquet", bytes_of, READ_SHOP),
    "columns": Kind("shop", "shop/db/*.parquet", columns_of, READ_SHOP),
    "columns of a drawn database": Kind("drawn", "*/db/*.parquet", columns_of, READ_DRAWN),
    "task": Kind("shop", "shop/tasks/*/manifest.yaml", in_yaml, READ_TASKS),
    "bytes of labels": Kind("shop", "shop/tasks/*/*.parquet", bytes_of, READ_TASKS),
    "labels": Kind("shop", "shop/tasks/*/*.parquet", columns_of, READ_TASKS),
    "croissant": Kind("huggingface", "store/croissant.json", in_json, read_folder("store", "csv", "huggingface")),
    "schema.sql": Kind("csv", "store/schema.sql", texts_of, conversions("store", "sqlite", "relbench", "parquet")),
    "csv": Kind(
        "csv",
        "store/*.csv",
        lambda valid: st.one_of(texts_of(valid), bytes_of(valid)),
        conversions("store", "sqlite", "relbench", "duckdb"),
    ),
    "parquet": Kind("parquet", "store/*.parquet", columns_of, conversions("store", "sqlite", "relbench", "csv")),
    "sqlite": Kind(
        "sqlite",
        "store.sqlite",
        bytes_of,
        conversions("store.sqlite", "csv", "relbench") + commands(READ_SCHEMA + "store.sqlite"),
    ),
    "duckdb": Kind(
        "duckdb",
        "store.duckdb",
        bytes_of,
        conversions("store.duckdb", "csv", "relbench") + commands(READ_SCHEMA + "store.duckdb"),
    ),
    "sql": Kind("sql", "shop.sql", texts_of, commands(READ_SCHEMA + "shop.sql", READ_SCHEMA + "shop.sql --dialect sqlserver")),
    "bytes of sql": Kind("sql", "shop.sql", bytes_of, commands(READ_SCHEMA + "shop.sql")),
    "prior": Kind("prior", "prior.toml", in_toml, commands(READ_PRIOR)),
    "prior in use": Kind("prior", "prior.toml", in_toml, commands("sample --out {out}/o --prior {source}/prior.toml"), True),
    "sql that is drawn": Kind(
        "sql", "shop.sql", texts_of, commands("sample --format sqlite --out {out}/o --schema {source}/shop.sql"), True
    ),
    "note": Kind(
        "store",
        "*/*.plurel_prob.json",
        in_json,
        commands(
            "sample --format csv --out {source}/csv --prior {source}/prior.toml",
            "sample --format sqlite --out {source}/sqlite --prior {source}/prior.toml",
            writes="source",
        ),
        True,
    ),
    "manifest for programs": Kind("shop", "shop/manifest.yaml", in_yaml, PROGRAMS_SHOP, True),
    "columns for programs": Kind("shop", "shop/db/*.parquet", columns_of, PROGRAMS_SHOP, True),
    "provenance for programs": Kind("drawn", "*/plurel_prob.json", in_json, PROGRAMS_DRAWN, True),
    "latents for programs": Kind("drawn", "*/latents.npz", bytes_of, PROGRAMS_DRAWN, True),
    "posterior": Kind("posterior", "links.nc", bytes_of, commands("score {source}/shop --given {source}/links.nc"), True),
    "settings of a checkpoint": Kind("checkpoint", "run/config.json", in_json, RFM, True),
    "records of a checkpoint": Kind("checkpoint", "run/checkpoints/*/_*", bytes_of, RFM, True),  # its arrays are Orbax's to read
    "log of a checkpoint": Kind("checkpoint", "run/log.jsonl", bytes_of, RFM[-1:], True),
    "columns for networks": Kind("checkpoint", "shop/db/*.parquet", columns_of, RFM, True),
    "labels for networks": Kind("checkpoint", "shop/tasks/*/*.parquet", columns_of, RFM[:1], True),
    "tasks for networks": Kind("checkpoint", "shop/tasks/*/manifest.yaml", in_yaml, RFM[:1], True),
    "weights": Kind("weights", "rows.safetensors", bytes_of, READ_WEIGHTS, True),
    "manifest for predictions": Kind("shop", "shop/manifest.yaml", in_yaml, PREDICT, True),
    "columns for predictions": Kind("shop", "shop/db/*.parquet", columns_of, PREDICT + PREDICT_TASK, True),
    "labels for predictions": Kind("shop", "shop/tasks/*-any/*.parquet", columns_of, PREDICT_LABELS, True),
    "task for predictions": Kind("shop", "shop/tasks/orders-is_gift/manifest.yaml", in_yaml, PREDICT_TASK, True),
}
