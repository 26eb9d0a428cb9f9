"""Small databases in RelBench format, made by hand or at random."""

from pathlib import Path

import numpy as np
import pandas as pd
from relbench.manifest import DatasetManifest, TableSpec

VAL, TEST = pd.Timestamp("2021-01-01"), pd.Timestamp("2021-03-01")
FIRST, LAST = pd.Timestamp("2020-01-01"), pd.Timestamp("2021-06-01")


def write(folder: Path, frames: dict[str, pd.DataFrame], specs: dict[str, TableSpec]) -> Path:
    (folder / "db").mkdir(parents=True)
    for name, frame in frames.items():
        frame.to_parquet(folder / "db" / f"{name}.parquet", index=False)
    DatasetManifest(folder.name, VAL.isoformat(), TEST.isoformat(), tables=specs).save(folder / "manifest.yaml")
    return folder


def times(rng: np.random.Generator, n_row: int, unit: str = "us", first: pd.Timestamp = FIRST) -> np.ndarray:
    """Sorted, on full hours so that some are at the ends of windows, the last at the end."""
    n_hour = int((LAST - first) / pd.Timedelta(hours=1))
    hour = np.sort(rng.integers(0, n_hour, n_row))
    hour[-1] = n_hour
    return (first.to_datetime64() + hour * np.timedelta64(1, "h")).astype(f"datetime64[{unit}]")


def keys(rng: np.random.Generator, n_row: int, n_parent: int, missing: float, dtype: str) -> pd.Series:
    weight = rng.gamma(2, size=n_parent)
    key = pd.Series(rng.choice(n_parent, n_row, p=weight / weight.sum()), dtype="Int64")
    return key.mask(rng.random(n_row) < missing).astype(dtype)


def shop(folder: Path, n_order: int = 800) -> Path:
    """Users without times, articles and orders with; orders refer to two users, an article, and the order before."""
    rng = np.random.default_rng(0)
    users = pd.DataFrame({"user key": np.arange(30), "age": rng.normal(size=30)})
    articles = pd.DataFrame({"id": np.arange(12), "since": times(rng, 12), "price": rng.normal(size=12).astype(np.float32)})
    value = rng.normal(size=n_order).astype(np.float32)
    orders = pd.DataFrame(
        {
            "order_id": np.arange(n_order),
            "at": times(rng, n_order, "ns"),
            "buyer": keys(rng, n_order, 30, 0.1, "Int64"),
            'so-called "recipient"': keys(rng, n_order, 30, 0.5, "float64"),
            "article": keys(rng, n_order, 12, 0, "int64"),
            "before": pd.Series([None if i < 60 else i - 60 + int(rng.integers(60)) for i in range(n_order)], dtype="Int64"),
            "value": np.where(rng.random(n_order) < 0.2, np.nan, value),
            "cents": np.round(100 * np.exp(value)),  # tells the value, where it is not rounded away
            "is_large": value > 0.5,
            "is_gift": rng.random(n_order) < 0.3,
            "mood": pd.Categorical.from_codes(rng.integers(-1, 3, n_order), ["bad", "so so", "good"]),
            "odd name": rng.normal(size=n_order),
        }
    )
    specs = {
        "users": TableSpec("user key", None, {}),
        "articles": TableSpec("id", "since", {}),
        "order items": TableSpec(
            "order_id",
            "at",
            {"buyer": "users", 'so-called "recipient"': "users", "article": "articles", "before": "order items"},
        ),
    }
    return write(folder, {"users": users, "articles": articles, "order items": orders}, specs)


NAMES = ["plain", "two words", "select", 'quo"te', "a-b", "a_b", "Große", "t", "later", "p"]


def random_database(folder: Path, seed: int) -> Path:
    """Up to four tables under odd names, with or without times and keys, that refer to each other or themselves."""
    rng = np.random.default_rng(seed)
    names = [str(name) for name in rng.permutation(NAMES)[: rng.integers(2, 5)]]
    frames: dict[str, pd.DataFrame] = {}
    specs: dict[str, TableSpec] = {}
    for i, name in enumerate(names):
        is_last = i == len(names) - 1
        has_time = is_last or (i > 0 and rng.random() < 0.8)
        n_row = int(rng.integers(200, 500) if has_time else rng.integers(15, 60))
        columns: dict[str, object] = {}
        pkey = None if is_last and rng.random() < 0.5 else str(rng.choice(["id", "row id", "date", "Key"]))
        if pkey:
            columns[pkey] = np.arange(n_row)
        time_col = str(rng.choice(["at", "time", "timestamp"])) if has_time else None
        if time_col:
            columns[time_col] = times(rng, n_row, str(rng.choice(["ms", "us", "ns"])))
        parents = [parent for parent in [*frames, *frames] if specs[parent].pkey and rng.random() < 0.6]
        fkeys = {str(rng.choice(["of", "to the", 'in "'])) + f" {k}": parent for k, parent in enumerate(parents)}
        for key, parent in fkeys.items():
            dtype = str(rng.choice(["Int64", "float64"]))
            columns[key] = keys(rng, n_row, len(frames[parent]), rng.choice([0.0, 0.3]), dtype)
        if pkey and rng.random() < 0.3:
            columns["self"] = pd.Series([None, *(int(rng.integers(row)) for row in range(1, n_row))], dtype="Int64")
            fkeys["self"] = name
        for column in rng.permutation(["x", "X y", "order", "Value", "b"])[: rng.integers(2, 5)]:
            columns[str(column)] = feature(rng, n_row)
        frames[name], specs[name] = pd.DataFrame(columns), TableSpec(pkey, time_col, fkeys)
    return write(folder, frames, specs)


def feature(rng: np.random.Generator, n_row: int) -> object:
    number = np.where(rng.random(n_row) < 0.1, np.nan, rng.normal(size=n_row)).astype(rng.choice(["float32", "float64"]))
    return [
        number,
        number,
        number,
        rng.integers(0, 4, n_row),
        rng.random(n_row) < 0.4,
        pd.array(rng.random(n_row) < 0.4, dtype="boolean"),
        pd.Categorical.from_codes(rng.integers(-1, 3, n_row), ["a", "b", "c"]),
        np.full(n_row, "text"),
        np.zeros(n_row),
        np.where(rng.random(n_row) < 0.1, np.inf, number),
    ][rng.integers(10)]
