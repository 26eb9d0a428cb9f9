"""Databases under ``vmap``: as each alone, whether one after another or side by side in chunks."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random

from plurel_prob import batches
from plurel_prob.blocks import BLOCK
from plurel_prob.distributions.mechanisms.forest import NEVER, levels_of, one_of_many, wave
from plurel_prob.models.database import Draw
from plurel_prob.programs.layout import VALUE, form_of
from plurel_prob.programs.structure import draw_structure
from plurel_prob.programs.values import Inputs, _nothing, default_mesh, draw_with, run_values
from plurel_prob.sampling import draw
from tests.models.tiny import BUCKET, tables_of, tiny

PRIOR = tiny("compact")


def inputs_of(seed: int) -> tuple[Draw, Inputs]:
    """A database by itself, and what it is drawn from. Every other one has a column of its first table set by hand."""
    key = random.key(seed)
    known = draw_structure(PRIOR, key)
    nothing = _nothing(PRIOR, BUCKET, default_mesh(), form_of(known.structure))
    given, intervention = jax.tree.map(lambda x: np.array(x[0]), nothing)
    if seed % 2:
        table = int(known.structure.schema.order[0])
        node = int(known.structure.graphs.column_node[table, 0])
        intervention.is_set[table, node] = True
        intervention.value[:] = np.nan
        line = int(known.structure.graphs.n_dim[table, :node].sum())  # its pages are the first of all
        intervention.value[line] = np.arange(BLOCK) % 2
    alone = draw_with(PRIOR, key, known, BUCKET, intervention=intervention)
    inputs = Inputs(key, known.structure, alone.stages.held, given, intervention)
    return alone, jax.tree.map(jnp.asarray, inputs)


SLOW = [pytest.param(*sizes, marks=pytest.mark.slow) for sizes in [(1, 8), (3, 1), (16, 1), (16, 8), (3, 64)]]


@pytest.mark.parametrize(("n", "chunk"), [(3, 8), *SLOW])
def test_databases_of_a_batch_are_as_each_alone(monkeypatch, n, chunk):
    """Cells and values that are not within 1e-4 of each other, as when a category differs, may be one in 100,000."""
    alone, inputs = zip(*map(inputs_of, range(n)), strict=True)
    monkeypatch.setitem(batches.CHUNK, jax.default_backend(), chunk)
    stacked = jax.tree.map(lambda *of: jnp.stack(of), *inputs)
    program = jax.jit(jax.vmap(partial(run_values, PRIOR, BUCKET))).lower(stacked).compile()
    together = program(stacked)
    copies = program.memory_analysis().temp_size_in_bytes / together.sites[VALUE].nbytes
    assert chunk == 1 or copies < chunk  # the items of a chunk share what they read
    n_far = n_cell = 0
    for i, one in enumerate(alone):
        found = jax.tree.map(lambda x, i=i: x[i], together)
        for name, x in found.sites.items():
            if name != VALUE:
                np.testing.assert_allclose(x, one.sites[name], rtol=1e-6, err_msg=name)
        for x, y in ((one.stages.features.column, found.values.features.column), (one.sites[VALUE], found.sites[VALUE])):
            n_far += int((~np.isclose(x, y, rtol=1e-4, atol=1e-4, equal_nan=True)).sum())
            n_cell += int((np.nan_to_num(x) != 0).sum())
    assert n_cell > 10_000 * n and n_far <= n_cell / 1e5


@pytest.mark.parametrize("prior", ["compact", "realistic"])
def test_levels_are_those_of_a_walk_through_nodes(prior):
    """Of two databases as one, in plain loops; all items are there once, lower levels first. In realistic databases hidden nodes
    of parents are seen. Which nodes see parents is drawn.
    """
    sees_all = prior == "realistic"
    each = [tables_of(draw(tiny(prior), seed, BUCKET), None, sees_all)[0] for seed in range(2)]
    tables = one_of_many(jax.tree.map(lambda *of: jnp.stack(of), *each), BUCKET.n_page)
    sees = np.random.default_rng(0).random(tables.is_categorical.shape) < 0.6
    levels = levels_of(tables, jnp.asarray(sees))
    n_table = len(each[0].order)
    for d, alone in enumerate(each):
        node, of_table = {}, {}
        for t in alone.order[alone.order >= 0].tolist():
            parents = alone.parent_table[t, : int(alone.n_parent[t])].tolist()
            seen = [(p, v) for p in parents for v in range(int(alone.n_node[p]))]
            seen = [(p, v) for p, v in seen if sees_all or v in alone.column_node[p, : int(alone.n_column[p])]]
            of_table[t] = max((node[column] + 1 for column in seen), default=0)
            for v in range(int(alone.n_node[t])):
                causes = np.flatnonzero(alone.edge[t, :, v]).tolist()
                node[t, v] = max(of_table[t] * int(sees[d * n_table + t, v]), *(node[t, u] + 1 for u in causes), 0)
        assert {(t, v): int(levels.node[d * n_table + t, v]) for t, v in node} == node
        assert {t: int(levels.key[d * n_table + t]) for t in of_table} == of_table
    items = wave(tables, tables.n_node, levels.node, 2 * BUCKET.n_page)
    known = np.asarray(items.level) < NEVER
    assert (np.diff(items.level[known]) >= 0).all() and known.sum() == int((tables.n_node * tables.held.n).sum())
    places = np.transpose([items.table[known], items.position[known], items.inner[known]])
    assert len(np.unique(places, axis=0)) == len(places)
    np.testing.assert_array_equal(items.level[known], levels.node[places[:, 0], places[:, 2]])
