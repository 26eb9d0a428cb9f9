"""Databases by number, made without a program: users order; nothing depends on anything, but for copies."""

import numpy as np
import pandas as pd

from plurel_prob.databases.schema import TableSchema
from plurel_prob.rfm.columns import NEVER
from plurel_prob.rfm.rows.features import Tables, read_tables

N_USER, N_ORDER = 60, 1500


class Shops:
    """Databases, as training takes them."""

    description = "shops"

    def __init__(self, n_order: int = N_ORDER):
        self.n_order = n_order

    def tables(self, i: int) -> Tables:
        """Draw shop ``i``."""
        rng, n = np.random.default_rng(i), self.n_order
        amount = rng.normal(size=n)
        orders = {
            "user": pd.array(rng.integers(0, N_USER, n), dtype="Int64"),
            "at": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.sort(rng.uniform(0, 365, n)), unit="D").floor("s"),
            "amount": amount,
            "cents": 100 * amount,
            "is_paid": rng.random(n) < 0.4,
            "paid": rng.random(n),
            "colour": rng.choice([*"abcd"], n),
        }
        orders["paid"] = orders["is_paid"] + 0.5 * orders["paid"]  # tells it by a cut
        frames = {"users": pd.DataFrame({"income": rng.normal(size=N_USER)}), "orders": pd.DataFrame(orders)}
        schemas = {
            "users": TableSchema(N_USER, {}, None, None, {}),
            "orders": TableSchema(n, {}, None, "at", {"user": "users"}),
        }
        return read_tables(frames, schemas, NEVER - 1)
