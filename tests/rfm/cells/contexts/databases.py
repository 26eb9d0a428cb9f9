"""Small databases with what makes contexts difficult: nulls, hubs, self-references, two keys to a table, tables without times."""

import numpy as np
import pandas as pd

from plurel_prob.databases import Database, DatabaseSchema
from plurel_prob.databases.disk import column_type
from plurel_prob.databases.schema import TableSchema

DAY = pd.Timedelta(days=1)
START, VAL, TEST = pd.Timestamp("2020-01-01"), pd.Timestamp("2020-03-01"), pd.Timestamp("2020-03-21")


def observed(frames: dict[str, pd.DataFrame], keys: dict[str, dict]) -> Database:
    """A database; the keys of a table are ``pkey``, ``time_col`` and ``fkeys``, all optional."""
    schemas = {}
    for name, frame in frames.items():
        given = {"pkey": None, "time_col": None, "fkeys": {}} | keys.get(name, {})
        types = {column: column_type(frame[column]) for column in frame}
        schemas[name] = TableSchema(len(frame), types, given["pkey"], given["time_col"], given["fkeys"])
    return Database("small", frames, DatabaseSchema(schemas))


def random_database(seed: int) -> Database:
    """Users (no time), items, events (two keys to users, one to items, one to an earlier event), notes (no primary key)."""
    rng = np.random.default_rng(seed)
    n_user, n_item, n_event, n_note = rng.integers(3, 12), rng.integers(2, 20), rng.integers(150, 500), rng.integers(0, 200)

    def keys(n_parent: int, n: int, missing: float) -> pd.Series:
        skewed = np.minimum(rng.zipf(1.7, n) - 1, n_parent - 1)
        return pd.Series(skewed, dtype="Int64").mask(rng.uniform(size=n) < missing)

    def times(n: int) -> pd.Series:
        return pd.Series(START + rng.integers(0, 100, n) * DAY).sort_values(ignore_index=True)

    def features(n: int) -> dict[str, pd.Series]:
        number = pd.Series(rng.permutation(n).astype(float))  # tells the row
        weight = pd.Series(rng.normal(size=n)).mask(rng.uniform(size=n) < 0.3)
        flag = pd.Series(rng.uniform(size=n) < 0.4, dtype="boolean").mask(rng.uniform(size=n) < 0.1)
        word = pd.Series(rng.choice(["a", "b", ""], n)).mask(rng.uniform(size=n) < 0.2)
        return {"number": number, "weight": weight, "flag": flag, "word": word}

    event = np.arange(n_event)
    earlier = pd.Series((event * rng.uniform(size=n_event)).astype(int), dtype="Int64").mask(rng.uniform(size=n_event) < 0.5)
    frames = {
        "users": {"user": np.arange(n_user), **features(n_user), "born": times(n_user)[::-1].reset_index(drop=True)},
        "items": {"item": np.arange(n_item), "on": times(n_item), "owner": keys(n_user, n_item, 0.5), **features(n_item)},
        "events": {
            "event": event,
            "by": keys(n_user, n_event, 0.1),
            "to": keys(n_user, n_event, 0.1),
            "item": keys(n_item, n_event, 0.2),
            "previous": earlier,
            "at": times(n_event).mask(event >= n_event - 5),
            **features(n_event),
        },
        "notes": {"event": keys(n_event, n_note, 0.1), **features(n_note)},
        "links": {"item": keys(n_item, 40, 0.0), "event": pd.Series(rng.integers(0, n_event, 40), dtype="Int64")},
    }
    return observed(
        {name: pd.DataFrame(columns) for name, columns in frames.items()},
        {
            "users": {"pkey": "user"},
            "items": {"pkey": "item", "time_col": "on", "fkeys": {"owner": "users"}},
            "events": {
                "pkey": "event",
                "time_col": "at",
                "fkeys": {"by": "users", "to": "users", "item": "items", "previous": "events"},
            },
            "notes": {"fkeys": {"event": "events"}},
            "links": {"fkeys": {"item": "items", "event": "events"}},
        },
    )
