"""A small database in RelBench format: users order in shops, orders have lines; its tasks have labels made by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
from relbench.manifest import DatasetManifest, TableSpec, TaskManifest

from plurel_prob.rfm.rows.tasks import RowTask, read_task

DAY, WEEK = pd.Timedelta(days=1), pd.Timedelta(days=7)
START, VAL, TEST = pd.Timestamp("2020-01-01"), pd.Timestamp("2020-04-01"), pd.Timestamp("2020-05-06")
N_USER, N_SHOP, N_ORDER, N_LINE = 30, 7, 700, 900
SPECS = {
    "users": TableSpec("user", None, {}),
    "shops": TableSpec("shop", "opened", {}),
    "orders": TableSpec("order", "at", {"user": "users", "shop": "shops"}),
    "lines": TableSpec(None, None, {"order": "orders"}),
}
FORECAST = {
    "kind": "forecast",
    "entity_table": "users",
    "entity_col": "user",
    "time_col": "on",
    "timedelta": "7 days",
    "sql": "-",
}
TASKS = {
    "spend": {**FORECAST, "task_type": "regression", "target_col": "spend"},
    "buys": {**FORECAST, "task_type": "binary_classification", "target_col": "buys"},
    "hard": {**FORECAST, "task_type": "regression", "target_col": "hard"},
    "amount": {
        "kind": "autocomplete",
        "task_type": "regression",
        "entity_table": "orders",
        "target_col": "amount",
        "remove_columns": [["orders", "cents"]],
    },
}


def shop(folder: Path, seed: int = 0) -> Path:
    """Write it; what a user orders depends on the income, and on luck."""
    frames = tables(np.random.default_rng(seed))
    write_tables(folder, frames)
    manifest = DatasetManifest("shop", VAL.isoformat(), TEST.isoformat(), tables=SPECS)
    manifest.save(folder / "manifest.yaml")
    for name, task in TASKS.items():
        (folder / "tasks" / name).mkdir(parents=True)
        TaskManifest(name=name, **task).save(folder / "tasks" / name / "manifest.yaml")
    rng = np.random.default_rng(seed + 1)
    weeks = np.arange(VAL - 12 * WEEK, TEST + 4 * WEEK, WEEK)
    grid = pd.DataFrame([(week, user) for week in weeks for user in range(N_USER)], columns=["on", "user"])
    grid = grid[rng.random(len(grid)) < 0.8].reset_index(drop=True)
    spent = frames["users"]["income"].to_numpy()[grid["user"]]
    labels = {
        "spend": spent + 0.1 * rng.normal(size=len(grid)),
        "buys": (spent + 0.3 * rng.normal(size=len(grid)) > 0).astype(int),
        "hard": rng.normal(size=len(grid)),
    }
    for name, label in labels.items():
        write_labels(folder, name, grid.assign(**{name: label}))
    return folder


def tables(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    users = pd.DataFrame({"user": np.arange(N_USER), "income": rng.normal(size=N_USER)})
    users["colour"] = rng.choice(["red", "blue", None], N_USER)
    users["name"] = [f"user {user}" for user in range(N_USER)]
    users["born"] = START + np.where(np.arange(N_USER) % 3 == 0, rng.integers(0, 150, N_USER), -5000) * DAY
    shops = pd.DataFrame({"shop": np.arange(N_SHOP), "opened": START + np.sort(rng.integers(-50, 100, N_SHOP)) * DAY})
    shops["size"] = rng.normal(size=N_SHOP)
    orders = pd.DataFrame({"order": np.arange(N_ORDER), "at": START + np.sort(rng.integers(0, 170, N_ORDER)) * DAY})
    orders["user"] = pd.Series(rng.integers(0, N_USER, N_ORDER), dtype="Int64").mask(rng.random(N_ORDER) < 0.05)
    orders["shop"] = pd.Series(rng.integers(0, N_SHOP, N_ORDER), dtype="Int64").mask(rng.random(N_ORDER) < 0.1)
    orders["amount"] = 3.0 * shops["size"].reindex(orders["shop"]).fillna(0).to_numpy() + rng.normal(size=N_ORDER)
    orders["cents"] = 100 * orders["amount"]
    orders["gift"] = pd.Series(rng.random(N_ORDER) < 0.3, dtype="boolean").mask(rng.random(N_ORDER) < 0.2)
    orders["weight"] = pd.Series(rng.normal(size=N_ORDER)).mask(rng.random(N_ORDER) < 0.3)
    lines = pd.DataFrame({"order": np.sort(rng.integers(0, N_ORDER, N_LINE)), "price": rng.normal(size=N_LINE)})
    return {"users": users, "shops": shops, "orders": orders, "lines": lines}


def write_tables(folder: Path, frames: dict[str, pd.DataFrame]) -> None:
    (folder / "db").mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.to_parquet(folder / "db" / f"{name}.parquet", index=False)


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    return {name: pd.read_parquet(folder / "db" / f"{name}.parquet") for name in SPECS}


def write_labels(folder: Path, task: str, labels: pd.DataFrame) -> None:
    """Training labels are known before the validation timestamp, validation labels before the test timestamp."""
    split = np.where(labels["on"] < VAL, "train", np.where(labels["on"] < TEST, "val", "test"))
    for part in ("train", "val", "test"):
        labels[split == part].to_parquet(folder / "tasks" / task / f"{part}.parquet", index=False)


def load(folder: Path, task: str) -> RowTask:
    return read_task(folder, task)


def label_frame(task: RowTask, split: str) -> pd.DataFrame:
    return task.loaded.get_table(split, mask_input_cols=False).df
