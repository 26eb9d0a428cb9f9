"""Schemas that are hard to satisfy: each is drawn, or refused with its line."""

import numpy as np
import pytest

from plurel_prob.errors import DatabaseError
from tests.drawing.made_up import drawn, parsed

SCHEMAS = {
    "tree within a tenant": """CREATE TABLE tenant (id INTEGER PRIMARY KEY);
        CREATE TABLE cat (tenant INTEGER REFERENCES tenant, id INTEGER, up INTEGER, PRIMARY KEY (tenant, id),
            FOREIGN KEY (tenant, up) REFERENCES cat (tenant, id))""",
    "boss within a company": """CREATE TABLE e (co INTEGER NOT NULL, id INTEGER, boss INTEGER, PRIMARY KEY (co, id),
            FOREIGN KEY (co, boss) REFERENCES e (co, id))""",
    "boss that is never missing": """CREATE TABLE e (co INTEGER, id INTEGER, boss INTEGER NOT NULL, PRIMARY KEY (co, id),
            FOREIGN KEY (co, boss) REFERENCES e (co, id))""",
    "a key to itself": "CREATE TABLE a (x INTEGER PRIMARY KEY REFERENCES a (x))",
    "a key to a unique key": """CREATE TABLE p (id INTEGER PRIMARY KEY, up INTEGER UNIQUE REFERENCES p);
        CREATE TABLE c (id INTEGER PRIMARY KEY, z INTEGER NOT NULL REFERENCES p (up))""",
    "junction within a tenant": """CREATE TABLE tenant (id INTEGER PRIMARY KEY);
        CREATE TABLE o (tenant INTEGER REFERENCES tenant, id INTEGER, PRIMARY KEY (tenant, id));
        CREATE TABLE p (tenant INTEGER REFERENCES tenant, id INTEGER, PRIMARY KEY (tenant, id));
        CREATE TABLE l (tenant INTEGER, o INTEGER, p INTEGER, PRIMARY KEY (tenant, o, p),
            FOREIGN KEY (tenant, o) REFERENCES o, FOREIGN KEY (tenant, p) REFERENCES p)""",
    "one to one within a tenant": """CREATE TABLE tenant (id INTEGER PRIMARY KEY);
        CREATE TABLE o (tenant INTEGER REFERENCES tenant, id INTEGER, PRIMARY KEY (tenant, id));
        CREATE TABLE inv (tenant INTEGER REFERENCES tenant, id INTEGER, PRIMARY KEY (tenant, id),
            FOREIGN KEY (tenant, id) REFERENCES o)""",
    "chain of one to one": """CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY REFERENCES a);
        CREATE TABLE c (id INTEGER PRIMARY KEY REFERENCES b, FOREIGN KEY (id) REFERENCES a (id))""",
    "positions below a row": """CREATE TABLE a (id INTEGER PRIMARY KEY, up INTEGER NOT NULL REFERENCES a,
            pos SMALLINT NOT NULL CHECK (pos BETWEEN 1 AND 10), UNIQUE (up, pos))""",
    "names below a row": """CREATE TABLE a (id INTEGER PRIMARY KEY, up INTEGER REFERENCES a, name TEXT NOT NULL,
            UNIQUE (up, name))""",
    "pairs of rows": """CREATE TABLE f (id INTEGER UNIQUE NOT NULL, a INTEGER REFERENCES f (id), b INTEGER REFERENCES f (id),
            PRIMARY KEY (a, b))""",
    "a permutation": "CREATE TABLE a (x INTEGER PRIMARY KEY, b INTEGER NOT NULL UNIQUE REFERENCES a (x))",
    "a key to dates that may be missing": """CREATE TABLE p (id INTEGER PRIMARY KEY, d DATE UNIQUE);
        CREATE TABLE c (d DATE PRIMARY KEY REFERENCES p (d))""",
    "a key to pairs that may be missing": """CREATE TABLE p (a INTEGER NOT NULL, b INTEGER, UNIQUE (a, b));
        CREATE TABLE c (a INTEGER NOT NULL, b INTEGER NOT NULL, FOREIGN KEY (a, b) REFERENCES p (a, b))""",
    "two keys of one column": """CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY);
        CREATE TABLE c (x INTEGER NOT NULL REFERENCES a, FOREIGN KEY (x) REFERENCES b (id))""",
    "two keys of one column that may be missing": """CREATE TABLE a (id INTEGER PRIMARY KEY);
        CREATE TABLE b (id SMALLINT PRIMARY KEY CHECK (id BETWEEN 70 AND 200));
        CREATE TABLE c (x INTEGER REFERENCES a, FOREIGN KEY (x) REFERENCES b (id))""",
    "unique dates in order": "CREATE TABLE a (x DATE UNIQUE NOT NULL, y DATE UNIQUE NOT NULL, CHECK (x < y))",
    "numbers after the key": "CREATE TABLE a (id INTEGER PRIMARY KEY, nxt INTEGER UNIQUE, CHECK (id < nxt))",
    "a circle with a unique key": """CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER UNIQUE);
        CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER NOT NULL REFERENCES a, c BOOLEAN UNIQUE);
        ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b (id)""",
    "a circle of one to one": """CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY REFERENCES a);
        ALTER TABLE a ADD FOREIGN KEY (id) REFERENCES b (id)""",
    "large floats": "CREATE TABLE a (z DOUBLE PRECISION CHECK (z > 1e17), y DOUBLE PRECISION CHECK (y < -1e17))",
    "few floats": "CREATE TABLE a (z DOUBLE PRECISION UNIQUE CHECK (z > 1000000000000.0 AND z < 1000000000000.02))",
    "all floats": "CREATE TABLE a (z DOUBLE PRECISION CHECK (z BETWEEN -1e308 AND 1.7e308))",
    "large integers": """CREATE TABLE a (y BIGINT CHECK (y > 1000000000000000000), x BIGINT CHECK (x < -1000000000000000000),
            w NUMERIC(38, 0) CHECK (w < 1e20), v NUMERIC(30, 20) CHECK (v BETWEEN 0.1 AND 0.2))""",
    "decimals of a short range": "CREATE TABLE a (z NUMERIC CHECK (z BETWEEN 0.005 AND 0.009))",
    "wide bounds": "CREATE TABLE a (y SMALLINT NOT NULL CHECK (y <= 100000))",
}


@pytest.mark.parametrize("guess", [False, True], ids=["syllables", "meanings"])
@pytest.mark.parametrize("name", SCHEMAS)
def test_hard_schemas(name, guess):
    schema = parsed(SCHEMAS[name])
    for seed in range(5):
        tables = drawn(schema, seed, guess=guess)  # it checks all constraints
        assert min(map(len, tables.values())) >= 2


def test_dense_tables():
    schema = parsed(SCHEMAS["junction within a tenant"])
    tables = drawn(schema, 0, {"tenant": 3, "o": 30, "p": 30, "l": 250})
    assert len(tables["l"]) == 250
    rows = drawn(parsed("CREATE TABLE a (x BOOLEAN, y SMALLINT CHECK (y BETWEEN 0 AND 99), PRIMARY KEY (x, y))"), 0, {"a": 200})[
        "a"
    ]
    assert len(rows.drop_duplicates()) == 200


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "CREATE TABLE a (x INTEGER CHECK (x < 5), y INTEGER CHECK (y > 5),\n CHECK (y <= x))",
            "x.sql, line 2: a: CHECK (y <= x): the",
        ),
        (
            "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id SMALLINT PRIMARY KEY CHECK (id > 9000));\n"
            "CREATE TABLE c (x INTEGER NOT NULL REFERENCES a,\n FOREIGN KEY (x) REFERENCES b (id))",
            "x.sql, line 3: c.(x): no row of ",
        ),
    ],
)
def test_what_cannot_be_is_refused(sql, message):
    with pytest.raises(DatabaseError) as error:
        drawn(parsed(sql), 0)
    assert message in str(error.value)


def test_unique_columns_do_not_tell_the_row():
    rows = drawn(parsed("CREATE TABLE a (id INTEGER PRIMARY KEY, k INTEGER UNIQUE, j NUMERIC(6, 2) UNIQUE NOT NULL)"), 1)["a"]
    assert rows.id.tolist() == list(range(1, 81)) and 0 < rows.k.isna().sum() < 40
    order = np.argsort(rows.j.astype(float).to_numpy())
    assert abs(np.corrcoef(order, np.arange(80))[0, 1]) < 0.5 and rows.k.dropna().tolist() != sorted(rows.k.dropna())
