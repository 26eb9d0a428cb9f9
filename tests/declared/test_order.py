from itertools import combinations
from random import Random

import networkx as nx
import pytest

from plurel_prob.databases import DatabaseError
from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey, order_tables


def schema_of(n_table: int, keys: list[tuple[int, int, bool]]) -> DeclaredSchema:
    """Tables t0, t1 ... with keys: child, parent, and whether it may be missing."""
    tables = []
    for i in range(n_table):
        ours = [(j, parent, optional) for j, (child, parent, optional) in enumerate(keys) if child == i]
        columns = (Column("id", "integer", False), *(Column(f"k{j}", "integer", optional) for j, _, optional in ours))
        fks = tuple(ForeignKey((f"k{j}",), f"t{parent}", ("id",), line=j + 1) for j, parent, _ in ours)
        tables.append(DeclaredTable(f"t{i}", columns, ("id",), (), fks, (), 100 + i))
    return DeclaredSchema(tuple(tables), "x.sql")


def fewest(n_table: int, keys: list[tuple[int, int, bool]]) -> int | None:
    """Least number of optional keys without which nothing is circular, by trying all; None if there is none."""
    proper = [key for key in keys if key[0] != key[1]]
    optional = [i for i, key in enumerate(proper) if key[2]]
    for n_broken in range(len(optional) + 1):
        for broken in combinations(optional, n_broken):
            graph = nx.DiGraph([key[:2] for i, key in enumerate(proper) if i not in broken])
            if nx.is_directed_acyclic_graph(graph):
                return n_broken
    return None


def test_the_fewest_keys_are_broken() -> None:
    n_refused = n_broken = 0
    for seed in range(300):
        rng = Random(seed)
        n_table = rng.randint(2, 6)
        keys = [(rng.randrange(n_table), rng.randrange(n_table), rng.random() < 0.8) for _ in range(rng.randint(1, 9))]
        expected, schema = fewest(n_table, keys), schema_of(n_table, keys)
        if expected is None:
            n_refused += 1
            with pytest.raises(DatabaseError, match=r"x.sql, line 10\d: tables t\d -> "):
                order_tables(schema)
            continue
        names, broken = order_tables(schema)
        n_self, waiting = sum(child == parent for child, parent, _ in keys), {(child, key.columns) for child, key in broken}
        assert len(broken) == expected + n_self == len(waiting), (seed, keys)
        assert sorted(names) == [f"t{i}" for i in range(n_table)]
        for table in schema.tables:
            for key in table.foreign_keys:
                assert (table.name, key.columns) in waiting or names.index(key.parent) < names.index(table.name)
        n_broken += expected
    assert n_refused > 5 and n_broken > 50


def test_tables_keep_the_order_of_their_declaration() -> None:
    assert order_tables(schema_of(4, [])) == (["t0", "t1", "t2", "t3"], [])
    assert order_tables(schema_of(4, [(0, 3, False), (1, 2, True)]))[0] == ["t2", "t1", "t3", "t0"]


def test_a_circle_names_its_tables_columns_and_lines() -> None:
    keys = [(0, 1, True), (1, 2, False), (2, 1, False), (2, 0, False)]
    with pytest.raises(DatabaseError) as caught:
        order_tables(schema_of(3, keys))
    message = str(caught.value)
    for part in ("line 101", "t1 -> t2 -> t1", "t1.k1 to t2 (line 2)", "t2.k2 to t1 (line 3)", "NULL"):
        assert part in message


def test_large_circles_are_broken_in_time() -> None:
    rng = Random(0)
    keys = [(i, (i + 1) % 40, True) for i in range(40)] + [(rng.randrange(40), rng.randrange(40), True) for _ in range(25)]
    names, broken = order_tables(schema_of(40, keys))
    place = {name: i for i, name in enumerate(names)}
    late = [(child, key) for child, key in broken if child != key.parent]
    assert all(place[key.parent] > place[child] for child, key in late) and len(late) < 15
