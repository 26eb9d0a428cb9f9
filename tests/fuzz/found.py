"""What changes of files have found, each mended: kept as examples."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tests.fuzz.tables import rename


class Found(NamedTuple):
    """An example: a source, how it is changed, the command, and words of its message if it refuses."""

    name: str
    source: str
    change: Callable[[Path], object]
    words: str
    said: tuple[str, ...] = ()


def column(file: str, name: str, values: Callable[[pd.Series], object]) -> Callable[[Path], object]:
    """Change a column of a parquet file."""

    def change(folder: Path) -> None:
        frame = pd.read_parquet(folder / file)
        frame[name] = values(frame[name])
        frame.to_parquet(folder / file, index=False)

    return change


def edit(path: Path, old: bytes, new: bytes) -> None:
    """Replace the first of some bytes in a file."""
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


FOUND = (
    Found(
        "latents of other tables",
        "drawn",
        lambda folder: rename(folder / "plurel-2", "table_0", None, "other"),
        "graph {source}/plurel-2 --out {out}/g.dot",
        ("latents.npz: has other tables than manifest.yaml, such as other",),
    ),
    Found(
        "times that are text",
        "drawn",
        column("plurel-2/db/table_0.parquet", "date", lambda times: times.astype(str)),
        "show {source}/plurel-2 --out {out}/p.html",
    ),
    Found(
        "doubled primary keys",
        "shop",
        column("shop/db/users.parquet", "id", lambda keys: keys // 2),
        "infer links {source}/shop --key orders.buyer",
        ("shop: orders.buyer refers to users.id, which is 0 in row 1 and before",),
    ),
    Found(
        "keys that are lists",
        "shop",
        column("shop/db/users.parquet", "id", lambda keys: [[key] for key in keys]),
        "infer links {source}/shop --key orders.buyer",
        ("shop: orders.buyer cannot be compared with users.id",),
    ),
    Found(
        "keys of another type",
        "shop",
        column("shop/db/users.parquet", "id", lambda keys: keys.astype(str)),
        "infer features {source}/shop --table orders",
        ("shop: orders.buyer is", "which is no row of users"),
    ),
    Found(
        "columns of CSV that are no UTF-8",
        "csv",
        lambda folder: edit(folder / "store" / "orders.csv", b'"buyer"', b'"bu\xfayer"'),
        "convert {source}/store --to sqlite --out {out}/x",
        ("orders.csv: cannot be read",),
    ),
    Found(
        "long columns of CSV",
        "csv",
        lambda folder: edit(folder / "store" / "orders.csv", b'"buyer"', b'"' + b"x" * 100_000 + b'"'),
        "convert {source}/store --to sqlite --out {out}/x",
        ("orders: has the columns",),
    ),
    Found(
        "a long value that is of another type",
        "csv",
        lambda folder: edit(folder / "store" / "orders.csv", b",0,", b"," + b"x" * 100_000 + b","),
        "convert {source}/store --to sqlite --out {out}/x",
        ("orders.buyer, row", "does not fit into the column"),
    ),
    Found(
        "times far away",
        "drawn",
        column("plurel-2/db/table_2.parquet", "date", lambda times: times.to_numpy("datetime64[us]") + 2**62),
        "validate {source}/plurel-2 --for rt",
    ),
)
