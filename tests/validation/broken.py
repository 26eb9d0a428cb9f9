"""A right folder, with two tasks, and ways to break it."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import relbench
import yaml

from plurel_prob.tasks import write_tasks
from tests.tasks.small import shop

COUNT, AUTO, TO = "users-order_items-buyer-count", "order_items-value", 'so-called "recipient"'


@pytest.fixture(scope="module")
def right(tmp_path_factory) -> Path:
    folder = shop(tmp_path_factory.mktemp("right") / "shop")
    path = folder / "db" / "order items.parquet"  # the references of shop are at random, before and after their rows
    orders, articles = pd.read_parquet(path), pd.read_parquet(folder / "db" / "articles.parquet")
    known = orders["article"].map(articles["since"]) <= orders["at"]
    orders["article"] = orders["article"].astype("Int64").where(known)
    orders["buyer"] = orders["buyer"].fillna(3)
    orders.to_parquet(path, index=False)
    articles["user"] = np.arange(12)
    articles.to_parquet(folder / "db" / "articles.parquet", index=False)
    edit(folder / "manifest.yaml", lambda m: m["tables"]["articles"]["fkeys"].update(user="users"))
    for task in write_tasks(folder):
        if task.manifest.name not in (COUNT, AUTO):
            shutil.rmtree(folder / "tasks" / task.manifest.name)
    return folder


@pytest.fixture
def folder(right, tmp_path) -> Path:
    return Path(shutil.copytree(right, tmp_path / "shop"))


def edit(path, change):
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def in_table(name, change):
    def broken(folder):
        path = folder / "db" / f"{name}.parquet"
        change(pd.read_parquet(path)).to_parquet(path, index=False)

    return broken


def in_manifest(change, task=""):
    return lambda folder: edit(folder / "tasks" / task / "manifest.yaml" if task else folder / "manifest.yaml", change)


def orders(change):
    return in_table("order items", change)


def put(column, row, value):
    def change(frame):
        frame.loc[row, column] = value
        return frame

    return orders(change)


def rename_time(folder):
    orders(lambda f: f.rename(columns={"at": "class"}))(folder)
    in_manifest(lambda m: m["tables"]["order items"].update(time_col="class"))(folder)


def without_tasks(change):
    def broken(folder):
        shutil.rmtree(folder / "tasks")
        change(folder)

    return broken


def labels(split, change, task=COUNT):
    def broken(folder):
        path = folder / "tasks" / task / f"{split}.parquet"
        change(pd.read_parquet(path)).to_parquet(path, index=False)

    return broken


def load(folder):
    return relbench.load_dataset(folder).get_db()


def load_task(task=COUNT, *, regenerate=False):
    def loading(folder):
        loaded = relbench.load_dataset(folder).load_task(task, regenerate=regenerate)
        for split in ("train", "val", "test"):
            loaded.get_table(split)

    return loading


def swap(frame):
    return frame.iloc[[1, 0, *range(2, len(frame))]]


def retimed(frame):
    frame["at"] = frame["at"].dt.tz_localize("UTC")
    return frame


def swap_times(frame):
    frame["at"] = frame["at"].iloc[::-1].to_numpy()
    return frame.assign(before=None, article=None)


def dangling(frame):
    frame.loc[29, "user key"] = 30
    return frame


def external(folder):
    in_manifest(lambda m: m.update(kind="external"), COUNT)(folder)
    deleted(f"tasks/{COUNT}/test.parquet")(folder)


def six_keys(folder):
    names = [f"of {k}" for k in range(3)]
    orders(lambda f: f.assign(**dict.fromkeys(names, 1), article=0 * f["article"], before=f["before"] * 0, **{TO: 1}))(folder)
    first = pd.read_parquet(folder / "db" / "articles.parquet")
    first["since"] = first["since"].min()
    first.to_parquet(folder / "db" / "articles.parquet", index=False)
    fkeys(**dict.fromkeys(names, "users"))(folder)


def lonely(frame):
    frame.loc[4, ["buyer", "article", "before", TO]] = None
    return frame


def late(folder):
    orders(lambda f: f.assign(at=f["at"].mask(f.index == 799, pd.Timestamp("2039-01-01"))))(folder)


def fkeys(**keys):
    return in_manifest(lambda m: m["tables"]["order items"]["fkeys"].update(keys))


def deleted(*names):
    return lambda folder: [folder.joinpath(name).unlink() for name in names]
