"""Valid examples of what commands read, as small as they can be; each is made when it is first asked for."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from relbench.manifest import TableSpec

from tests.fuzz.mutations import toml_of
from tests.fuzz.runner import CANARY, Runner
from tests.tasks.small import times, write

Build = Callable[[Path, Runner], None]
HERE = Path(__file__).parent
PRIOR = {
    "base": "plurel",
    "schema": {
        "n_table": {"DiscreteUniform": [3, 3]},
        "n_row_entity": {"DiscreteUniform": [8, 10]},
        "n_row_activity": {"DiscreteUniform": [10, 30]},
        "n_column": {"TruncatedZipf": [1.0, 2, 3]},
        "max_parent": 3,
        "graph": {"family": {"GraphFamily": ["ErdosRenyi", "Layered"]}},
    },
    "features": {"missing_rate": {"Uniform": [0.0, 0.1]}},
}
SQL = """-- of a shop
CREATE TYPE mood AS ENUM ('bad', 'so so', 'good');
CREATE TABLE users (id integer PRIMARY KEY, "full name" varchar(40) NOT NULL UNIQUE, born date, score numeric(8, 2) DEFAULT 0);
CREATE TABLE orders (
    id bigint PRIMARY KEY, buyer integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, at timestamp NOT NULL, note text,
    n smallint CHECK (n BETWEEN 1 AND 9), kind varchar(8) CHECK (kind IN ('new', 'used')), state mood,
    CONSTRAINT one_each UNIQUE (buyer, at)
);
/* later */ ALTER TABLE orders ADD CONSTRAINT small CHECK (n < 8 AND length(note) < 50);
CREATE INDEX by_buyer ON orders (buyer);
COMMENT ON TABLE orders IS 'what was bought; by whom';
INSERT INTO users VALUES (1, 'it''s a; name', '2001-02-03', 4.5);
"""


def run(runner: Runner, folder: Path, command: str) -> None:
    """Run a command on the valid example in a folder."""
    for name in ("cwd", "tmp"):
        (folder.parent / name).mkdir(exist_ok=True)
    done = runner.run(command.split(), folder.parent, limit=300)
    assert done.code == 0, (command, done)


def drawn(folder: Path, runner: Runner) -> None:
    """A database of three tables, drawn from nearly the above prior; kept, because a draw takes a minute of compilation."""
    zipfile.ZipFile(HERE / "drawn.zip").extractall(folder)


def shop(folder: Path, runner: Runner) -> None:
    """A database that was not drawn, with tasks."""
    rng = np.random.default_rng(0)
    users = pd.DataFrame({"id": np.arange(24), "name": [f"user {i}" for i in range(24)], "age": rng.normal(size=24)})
    orders = pd.DataFrame(
        {
            "id": np.arange(300),
            "at": times(rng, 300),
            "buyer": pd.Series(rng.integers(0, 24, 300), dtype="Int64").mask(rng.random(300) < 0.1),
            "value": rng.normal(size=300).astype(np.float32),
            "is_gift": rng.random(300) < 0.3,
            "mood": pd.Categorical.from_codes(rng.integers(-1, 3, 300), ["bad", "so so", "good"]),
        }
    )
    specs = {"users": TableSpec("id", None, {}), "orders": TableSpec("id", "at", {"buyer": "users"})}
    write(folder / "shop", {"users": users, "orders": orders}, specs)
    run(runner, folder, f"tasks {folder}/shop")


def converted(to: str, suffix: str = "") -> Build:
    """The shop in another form."""

    def build(folder: Path, runner: Runner) -> None:
        shop(folder, runner)
        run(runner, folder, f"convert {folder}/shop --to {to} --out {folder}/store{suffix}")

    return build


def sql(folder: Path, runner: Runner) -> None:
    """A schema as text."""
    (folder / "shop.sql").write_text(SQL)


def prior(folder: Path, runner: Runner) -> None:
    """A prior."""
    (folder / "prior.toml").write_bytes(toml_of(PRIOR))


def store(folder: Path, runner: Runner) -> None:
    """Drawn stores, with the notes beside them."""
    prior(folder, runner)
    for form in ("csv", "sqlite"):
        run(runner, folder, f"sample --out {folder}/{form} --format {form} --prior {folder}/prior.toml")


def posterior(folder: Path, runner: Runner) -> None:
    """What was inferred of the shop's foreign key."""
    shop(folder, runner)
    run(runner, folder, f"infer links {folder}/shop --key orders.buyer --draws 100 --out {folder}/links.nc")


def checkpoint(folder: Path, runner: Runner) -> None:
    """A trained network."""
    shop(folder, runner)
    size = "--steps 1 --batch-size 2 --context-length 32"
    run(runner, folder, f"pretrain --network cells --data {folder}/shop --out {folder}/run {size}")


def weights(folder: Path, runner: Runner) -> None:
    """Weights of a network of rows."""
    import jax

    from plurel_prob.rfm.rows.network import RowNetwork, RowNetworkSize, save_network

    shop(folder, runner)
    save_network(
        folder / "rows.safetensors", RowNetwork(RowNetworkSize(1, 16, 1, 16, feature=8, n_pool=2), key=jax.random.key(0)), {}
    )


SOURCES: dict[str, Build] = {
    "drawn": drawn,
    "shop": shop,
    "csv": converted("csv"),
    "parquet": converted("parquet"),
    "sqlite": converted("sqlite", ".sqlite"),
    "duckdb": converted("duckdb", ".duckdb"),
    "huggingface": converted("huggingface"),
    "sql": sql,
    "prior": prior,
    "store": store,
    "posterior": posterior,
    "checkpoint": checkpoint,
    "weights": weights,
}


def elsewhere(folder: Path) -> None:
    """Files that no input may have read or changed."""
    folder.mkdir()
    (folder / "note.txt").write_text(CANARY)
    secret = pd.DataFrame({"id": [0, 1], "name": [CANARY, CANARY]})
    secret.to_parquet(folder / "secret.parquet", index=False, compression=None)
    secret.to_csv(folder / "secret.csv", index=False)
