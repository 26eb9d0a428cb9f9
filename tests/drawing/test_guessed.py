"""Databases whose columns are taken to mean what they are called."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from plurel_prob.declared import Column
from plurel_prob.declared.schema import DeclaredSchema, DeclaredTable, ForeignKey
from plurel_prob.domains.labels import LEAST
from plurel_prob.domains.meanings import RULES
from plurel_prob.drawing.kinds import kind_of
from plurel_prob.drawing.plan import plan_of
from plurel_prob.models.kinds import BRIDGE, ENTITY, EVENT, EXTENSION, LOOKUP
from tests.drawing.made_up import WINDOW, drawn, parsed

pytest.importorskip("faker", reason="the extra sql is not installed")

STORE = (Path(__file__).parent / "store.sql").read_text()
START, END = (pd.Timestamp(day, unit="D") for day in (WINDOW[0], WINDOW[1] + 1))


@pytest.fixture(scope="module")
def store() -> dict[str, pd.DataFrame]:
    return drawn(parsed(STORE), 3, guess=True)


def of_parent(tables, child: str, key: str, parent: str, column: str) -> pd.Series:
    """A column of the row that each row of a table refers to."""
    rows = tables[parent].set_index(tables[parent].columns[0])[column]
    return rows.reindex(tables[child][key]).reset_index(drop=True)


def test_kinds_of_tables():
    plan = plan_of(parsed(STORE), guess=True)
    found = {table.table.name: kind_of(plan, table) for table in plan.tables}
    assert found == {
        "categories": LOOKUP, "customers": ENTITY, "addresses": ENTITY, "products": ENTITY, "orders": EVENT, "order_items": EVENT,
        "reviews": EVENT, "payments": EXTENSION, "wishes": BRIDGE,
    }  # fmt: skip


def test_rows_are_in_order_and_after_what_they_refer_to(store):
    made, ordered = store["customers"]["created_at"], store["orders"]["ordered_at"]
    assert (ordered >= of_parent(store, "orders", "customer_id", "customers", "created_at")).all()
    assert (store["reviews"]["created_at"] >= of_parent(store, "reviews", "customer_id", "customers", "created_at")).all()
    paid = store["payments"]["paid_at"]
    known = paid.notna().to_numpy()
    assert (paid[known].to_numpy() >= of_parent(store, "payments", "order_id", "orders", "ordered_at")[known].to_numpy()).all()
    assert ordered.is_monotonic_increasing and ordered.between(START, END).all() and made.between(START, END).all()


def test_times_of_a_row_are_in_order(store):
    orders = store["orders"]
    for before, after in (("ordered_at", "shipped_at"), ("shipped_at", "delivered_at"), ("ordered_at", "delivered_at")):
        known = orders[[before, after]].dropna()
        assert len(known) > 10 and (known[before] <= known[after]).all()
    lag = (orders["delivered_at"] - orders["ordered_at"]).dropna()
    assert lag.median() < pd.Timedelta(days=60)
    born = pd.to_datetime(store["customers"]["birth_date"]).dropna()
    assert len(born) > 20 and (born < START - pd.Timedelta(days=17 * 365)).all()


def test_what_has_not_happened_yet_is_missing():
    orders = drawn(parsed(STORE), 5, {"orders": 2000, "customers": 50}, guess=True)["orders"]
    late = orders[orders["ordered_at"] > END - pd.Timedelta(hours=6)]
    assert len(late) and late["delivered_at"].isna().mean() > 0.5 > orders["delivered_at"].isna().mean()


def test_lines_prices_and_totals(store):
    items, orders = store["order_items"], store["orders"]
    as_float = items[["unit_price", "line_total", "discount"]].astype(float)
    price = of_parent(store, "order_items", "product_id", "products", "price").astype(float)
    np.testing.assert_array_equal(as_float["unit_price"], price)
    np.testing.assert_allclose(as_float["line_total"], items["quantity"] * price * (1 - as_float["discount"]), atol=0.0051)
    lines = as_float["line_total"].groupby(items["order_id"]).sum().reindex(orders["id"]).to_numpy()
    assert np.isfinite(lines).all()  # every order has a line
    np.testing.assert_allclose(orders["subtotal"].astype(float), lines, atol=1e-6)
    np.testing.assert_allclose(orders["total"].astype(float), lines + orders["tax"].astype(float), atol=0.011)
    share = orders["tax"].astype(float) / lines
    assert share.max() - share.min() < 0.01 and 0.04 < share.median() < 0.26
    amount = of_parent(store, "payments", "order_id", "orders", "total").astype(float)
    np.testing.assert_array_equal(store["payments"]["amount"].astype(float), amount)


def test_lines_are_numbered(store):
    for _, number in store["order_items"].groupby("order_id")["line_no"]:
        assert sorted(number) == [*range(1, len(number) + 1)]


def test_counts_are_counted(store):
    n = store["orders"]["customer_id"].value_counts().reindex(store["customers"]["id"]).fillna(0)
    np.testing.assert_array_equal(store["customers"]["n_orders"], n)


def test_an_address_is_of_the_customer(store):
    orders = store["orders"]
    owner = of_parent(store, "orders", "address_id", "addresses", "customer_id")
    known = orders["address_id"].notna().to_numpy()
    assert known.sum() > 10
    np.testing.assert_array_equal(orders["customer_id"][known], owner[known])


def test_nothing_follows_from_others_unless_asked_for():
    tables = drawn(parsed(STORE), 3, guess=True, derived=False)
    price = of_parent(tables, "order_items", "product_id", "products", "price")
    assert (tables["order_items"]["unit_price"].astype(float) != price.astype(float)).mean() > 0.5
    assert (tables["orders"]["ordered_at"] >= of_parent(tables, "orders", "customer_id", "customers", "created_at")).all()


def test_texts_of_a_row_agree(store):
    customers, addresses = store["customers"], store["addresses"]
    assert (
        customers["email"].is_unique
        and customers["email"].str.endswith(("example.com", "example.org", "example.net", ".example")).all()
    )
    part = customers["email"].str.partition("@")[0].str.partition(".")
    np.testing.assert_array_equal(part[0], customers["first_name"].str.lower().str.replace("[^a-z]", "", regex=True))
    of_city = addresses.groupby("city")[["country_code", "latitude"]].nunique()
    assert of_city.max().max() <= 1 and addresses["city"].nunique() > 5
    assert store["products"]["name"].is_unique and store["products"]["price"].astype(str).str.endswith(".99").all()


def test_labels_are_not_rare():
    orders = drawn(parsed(STORE), 4, {"orders": 3000}, guess=True)["orders"]
    share = orders["status"].value_counts(normalize=True)
    assert len(share) == 5 and share.min() > LEAST / 2


def test_children_scale_with_parents():
    few, many = (drawn(parsed(STORE), 2, {"customers": n}, most=10**6, guess=True) for n in (40, 400))
    assert len(few["categories"]) == len(many["categories"]) < 60
    assert len(many["order_items"]) == pytest.approx(10 * len(few["order_items"]), rel=0.05)
    assert len(few["customers"]) < len(few["orders"]) < len(few["order_items"]) and len(few["payments"]) == len(few["orders"])


def test_the_same_seed_draws_the_same(store):
    again = drawn(parsed(STORE), 3, guess=True)
    other = drawn(parsed(STORE), 4, guess=True)
    for name, table in store.items():
        pd.testing.assert_frame_equal(table, again[name])
    assert set(store["customers"]["email"]) != set(other["customers"]["email"])


NAMES = sorted({name for rule in RULES for name in rule.column.split("|") if name.replace(" ", "").isalpha()} - {"id"})
TABLES = ["order", "order item", "country", "state", "person", "film", "category", "city"]
TYPES = (
    {"kind": "text"}, {"kind": "text", "length": 3}, {"kind": "text", "length": 12}, {"kind": "text", "length": 60},
    {"kind": "integer"}, {"kind": "integer", "bits": 16}, {"kind": "integer", "low": 1, "high": 5}, {"kind": "float"},
    {"kind": "decimal", "precision": 4, "scale": 2}, {"kind": "decimal", "precision": 12, "scale": 2}, {"kind": "date"},
    {"kind": "timestamp"}, {"kind": "boolean"}, {"kind": "category", "labels": ("new", "cancelled", "x")},
)  # fmt: skip


def random_table(rng: np.random.Generator, name: str, parents: list[str]) -> DeclaredTable:
    """A table of random columns that are called like what has a meaning."""
    names = rng.choice(NAMES, rng.integers(1, 9), replace=False)
    columns = [Column("id", "integer", is_nullable=False)]
    columns += [Column(n, is_nullable=bool(rng.random() < 0.5), **TYPES[rng.integers(len(TYPES))]) for n in names.tolist()]
    chosen = [parent for parent in parents if rng.random() < 0.4]
    columns += [Column(f"{parent} key", "integer", is_nullable=bool(rng.random() < 0.3)) for parent in chosen]
    unique = [(c.name,) for c in columns[1:] if c.kind == "text" and (c.length or 99) > 20 and rng.random() < 0.2]
    unique += [(f"{parent} key",) for parent in chosen if rng.random() < 0.2]
    keys = tuple(ForeignKey((f"{parent} key",), parent, ("id",)) for parent in chosen)
    return DeclaredTable(name, tuple(columns), ("id",), tuple(unique), keys)


@pytest.mark.parametrize("part", range(4))
def test_any_names_and_types_go_together(part):
    for seed in range(10 * part, 10 * part + 10):
        rng, tables = np.random.default_rng(seed), list[DeclaredTable]()
        for name in rng.choice(TABLES, 4, replace=False):
            tables.append(random_table(rng, str(name), [table.name for table in tables]))
        drawn(DeclaredSchema(tuple(tables), "random.sql"), seed, guess=True)  # it checks all constraints
