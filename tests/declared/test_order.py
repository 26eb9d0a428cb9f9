from itertools import product
from random import Random

import networkx as nx
import pytest

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey, order_tables
from plurel_prob.declared import order as ordering


def schema_of(n_table: int, keys: list[tuple[int, int, bool]]) -> DeclaredSchema:
    """Tables t0, t1 ... with keys: child, parent, and whether it may be missing."""
    tables = []
    for i in range(n_table):
        ours = [(j, parent, optional) for j, (child, parent, optional) in enumerate(keys) if child == i]
        columns = (Column("id", "integer", False), *(Column(f"k{j}", "integer", optional) for j, _, optional in ours))
        fks = tuple(ForeignKey((f"k{j}",), f"t{parent}", ("id",), line=j + 1) for j, parent, _ in ours)
        tables.append(DeclaredTable(f"t{i}", columns, ("id",), (), fks, line=100 + i))
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


def cost_of(schema: DeclaredSchema) -> int:
    """Keys that are broken, counted as the search counts them; checks that nothing is circular without them."""
    names, waiting = order_tables(schema)
    broken = {(child, key.columns) for child, key in waiting}
    for table in schema.tables:
        for key in table.foreign_keys:
            assert (table.name, key.columns) in broken or names.index(key.parent) < names.index(table.name)
    keys = [(schema.table(child), key) for child, key in waiting if child != key.parent]
    return sum(1 if table.column(key.columns[0]).is_nullable else ordering.REQUIRED for table, key in keys)


def random_keys(rng: Random, n_table: int, n_key: int, share_optional: float) -> list[tuple[int, int, bool]]:
    return [(rng.randrange(n_table), rng.randrange(n_table), rng.random() < share_optional) for _ in range(n_key)]


def test_few_keys_are_broken_where_the_fewest_take_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    exact, quick = [], []
    for seed in range(40):
        rng = Random(seed)
        n_table = rng.randint(4, 10)
        schema = schema_of(n_table, random_keys(rng, n_table, 2 * n_table, rng.choice([0.5, 0.8, 1])))
        exact.append(cost_of(schema))
        with monkeypatch.context() as patch:
            patch.setattr(ordering, "MAX_WORK", 0)
            quick.append(cost_of(schema))
    assert all(found >= least for found, least in zip(quick, exact, strict=True))
    assert all(found <= 2 * least for found, least in zip(quick, exact, strict=True))
    assert sum(quick) < 1.1 * sum(exact) and sum(exact) > 300


def test_required_keys_stay_where_others_open_all_circles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "MAX_WORK", 0)
    for seed in range(20):
        rng = Random(seed)
        required = [(child, parent, False) for child, parent in (sorted(rng.sample(range(20), 2)) for _ in range(25))]
        schema = schema_of(20, rng.sample(keys := required + random_keys(rng, 20, 60, 1.0), len(keys)))
        assert cost_of(schema) < ordering.REQUIRED


@pytest.mark.parametrize("n_table", [30, 100, 400])
def test_random_circular_keys_take_a_moment(n_table: int) -> None:
    keys = random_keys(Random(n_table), n_table, 3 * n_table, 0.8)
    assert cost_of(schema_of(n_table, keys)) > 0  # the search for the fewest alone takes years
