"""
A schema of your own, into a database
=====================================

``sample_declared`` draws data for a schema that you have. All constraints hold, and values look like what columns are called.
"""

import sqlite3
import tempfile
from pathlib import Path

from plurel_prob.declared import read_ddl
from plurel_prob.drawing import sample_declared, save

folder = Path(tempfile.mkdtemp())
(folder / "shop.sql").write_text(
    """
CREATE TABLE country (code CHAR(2) PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE);
CREATE TABLE customer (
    id INTEGER PRIMARY KEY,
    name VARCHAR(60) NOT NULL,
    email VARCHAR(80) NOT NULL UNIQUE,
    country CHAR(2) NOT NULL REFERENCES country (code),
    status VARCHAR(10) NOT NULL CHECK (status IN ('new', 'active', 'left')),
    signed_up TIMESTAMP NOT NULL
);
CREATE TABLE product (id INTEGER PRIMARY KEY, name VARCHAR(60) NOT NULL, price DECIMAL(8, 2) NOT NULL CHECK (price > 0));
CREATE TABLE purchase (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customer (id),
    ordered TIMESTAMP NOT NULL,
    delivered TIMESTAMP,
    total DECIMAL(10, 2) NOT NULL,
    CHECK (ordered <= delivered)
);
CREATE TABLE purchase_item (
    purchase_id INTEGER REFERENCES purchase (id),
    line_no SMALLINT CHECK (line_no > 0),
    product_id INTEGER NOT NULL REFERENCES product (id),
    quantity SMALLINT NOT NULL CHECK (quantity > 0),
    unit_price DECIMAL(8, 2) NOT NULL,
    line_total DECIMAL(10, 2) NOT NULL,
    PRIMARY KEY (purchase_id, line_no)
);
"""
)
schema = read_ddl(folder / "shop.sql")
shop = sample_declared(schema, seed=1, rows={"customer": 300})
{name: len(frame) for name, frame in shop.tables.items()}

# %%
# Only the customers were asked for: other tables follow from them, and the list of countries stays short.

shop.tables["customer"].head()

# %%
# E-mails go with names. Customers signed up before they ordered. Lines of a purchase are numbered, prices are those of the
# products, and totals add up:

items, purchases = shop.tables["purchase_item"], shop.tables["purchase"]
items.head()

# %%

sums = items.groupby("purchase_id")["line_total"].sum()
total = purchases.set_index("id")["total"]
print("totals that are the sums of their lines:", f"{(sums == total[sums.index]).mean():.0%}")
signed_up = shop.tables["customer"].set_index("id")["signed_up"]
print("orders before the customer signed up:", int((purchases["ordered"] < purchases["customer_id"].map(signed_up)).sum()))

# %%
# All of this is guessed from names and types. ``sample_declared(..., derived=False)`` draws such columns like others, and
# ``values="syllables"`` guesses nothing.
#
# Into a store
# ------------
#
# ``save`` writes SQLite and DuckDB files, PostgreSQL databases, folders of CSV or parquet files, RelBench format and Hugging
# Face's. Types, keys and constraints go with the data, and the store checks them.

save(shop, folder / "shop.sqlite", "sqlite")
with sqlite3.connect(folder / "shop.sqlite") as connection:
    [ddl] = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'purchase_item'").fetchone()
    rows = connection.execute("SELECT status, count(*) FROM customer GROUP BY status ORDER BY status").fetchall()
print(ddl)
print(rows)

# %%
# For PostgreSQL give the URL of an empty database, in Python or on the command line::
#
#     plurel-prob sample --schema shop.sql --rows customer=300 --format postgresql --out postgresql://user@host/shop
