from itertools import product
from random import Random

import networkx as nx

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


def fewest(n_table: int, keys: list[tuple[int, int, bool]]) -> tuple[int, int]:
    """Least numbers of keys that cannot be missing, and of others, without which nothing is circular, by trying all."""
    proper, found = [key for key in keys if key[0] != key[1]], []
    for is_broken in product([False, True], repeat=len(proper)):
        graph = nx.DiGraph([key[:2] for key, broken in zip(proper, is_broken, strict=True) if not broken])
        if nx.is_directed_acyclic_graph(graph):
            lost = [key for key, broken in zip(proper, is_broken, strict=True) if broken]
            found.append((sum(not key[2] for key in lost), sum(key[2] for key in lost)))
    return min(found)


def test_the_fewest_keys_are_broken() -> None:
    n_hard = n_easy = 0
    for seed in range(300):
        rng = Random(seed)
        n_table = rng.randint(2, 6)
        keys = [(rng.randrange(n_table), rng.randrange(n_table), rng.random() < 0.8) for _ in range(rng.randint(1, 8))]
        schema = schema_of(n_table, keys)
        names, broken = order_tables(schema)
        waiting = {(child, key.columns) for child, key in broken}
        optional = [schema.table(child).column(key.columns[0]).is_nullable for child, key in broken if child != key.parent]
        assert (optional.count(False), optional.count(True)) == fewest(n_table, keys), (seed, keys)
        assert len(waiting) == len(optional) + sum(child == parent for child, parent, _ in keys)
        assert sorted(names) == [f"t{i}" for i in range(n_table)]
        for table in schema.tables:
            for key in table.foreign_keys:
                assert (table.name, key.columns) in waiting or names.index(key.parent) < names.index(table.name)
        n_hard, n_easy = n_hard + (False in optional), n_easy + (True in optional)
    assert n_hard > 5 and n_easy > 50


def test_tables_keep_the_order_of_their_declaration() -> None:
    assert order_tables(schema_of(4, [])) == (["t0", "t1", "t2", "t3"], [])
    assert order_tables(schema_of(4, [(0, 3, False), (1, 2, True)]))[0] == ["t2", "t1", "t3", "t0"]


def test_large_circles_are_broken_in_time() -> None:
    rng = Random(0)
    keys = [(i, (i + 1) % 40, True) for i in range(40)] + [(rng.randrange(40), rng.randrange(40), True) for _ in range(25)]
    names, broken = order_tables(schema_of(40, keys))
    place = {name: i for i, name in enumerate(names)}
    late = [(child, key) for child, key in broken if child != key.parent]
    assert all(place[key.parent] > place[child] for child, key in late) and len(late) < 15
