"""A small database on disk, in which a column is easy to predict."""

from pathlib import Path

import numpy as np
import pandas as pd


def write_database(folder: Path, seed: int = 0, n_parent: int = 20, n_child: int = 300) -> Path:
    """Write parents and children; ``total`` of a child is the sum of its ``price`` and its parent's ``level``."""
    from relbench.manifest import DatasetManifest, TableSpec

    rng = np.random.default_rng(seed)
    level, place = rng.normal(size=n_parent).astype(np.float32), rng.integers(0, n_parent, n_child)
    price = rng.normal(size=n_child).astype(np.float32)
    total = price + level[place]
    time = pd.date_range("2020-01-01", periods=n_child, freq="D", unit="us")
    parents = pd.DataFrame({"id": np.arange(n_parent), "level": level})
    children = pd.DataFrame(
        {"id": np.arange(n_child), "parent": place, "time": time, "price": price, "total": total, "is_large": total > 0}
    )
    (folder / "db").mkdir(parents=True)
    parents.to_parquet(folder / "db" / "parents.parquet", index=False)
    children.to_parquet(folder / "db" / "children.parquet", index=False)
    tables = {
        "parents": TableSpec(pkey="id", time_col=None, fkeys={}),
        "children": TableSpec(pkey="id", time_col="time", fkeys={"parent": "parents"}),
    }
    val, test = str(time[int(0.8 * n_child)]), str(time[int(0.9 * n_child)])
    DatasetManifest(name=folder.name, val_timestamp=val, test_timestamp=test, tables=tables).save(folder / "manifest.yaml")
    return folder
