"""Drift of numbers: of a whole table, or a path of its own for each parent row."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from plurel_prob.distributions.mechanisms.compact_laws import drift_of
from plurel_prob.models.compact import compact_laws
from plurel_prob.sampling import draw
from tests.models.tiny import BUCKET, tables_of, tiny

DELTA = 0.8


@jax.jit
def drifts(tables, laws, table, nodes):
    """Drift of the first dimension of nodes in the first block, and what scales the rest."""
    drift, rest = jax.vmap(lambda node: drift_of(tables, laws, table, node, jnp.array(0)))(nodes)
    return drift[:, 0], rest


@pytest.fixture(scope="module")
def known():
    """A table with a parent, of a thousand rows: its structure, and laws by which all its numbers drift."""
    prior = tiny("realistic")
    drawn = draw(prior, 0, BUCKET)
    schema = drawn.stages.schema
    table = next(t for t in range(int(schema.n_table)) if schema.n_parent[t] > 0)
    tables, laws = tables_of(drawn, lambda tables: compact_laws(prior.features, tables), True)
    parent = np.arange(tables.parent_row.shape[-1]) % 40
    rows = tables.parent_row.at[table, 0].set(parent)
    tables = tables._replace(parent_row=rows, n_row=tables.n_row.at[table].set(1024))
    return tables, laws._replace(drift=jnp.full(laws.drift.shape, DELTA)), table, parent[:1024]


def of_many(known, is_own, n_key=40):
    """Drifts of the table's nodes for many keys of mechanisms, shape (path, row)."""
    tables, laws, table, _ = known
    laws = laws._replace(is_own_drift=jnp.full(laws.drift.shape, is_own))
    found = []
    for word in range(n_key):
        keyed = tables._replace(mechanism_key=tables.mechanism_key.at[table].set(jnp.array([word, 7], jnp.uint32)))
        drift, rest = drifts(keyed, laws, table, jnp.arange(laws.drift.shape[1]))
        np.testing.assert_allclose(rest, np.sqrt(1 - DELTA**2), rtol=1e-6)
        found.append(drift)
    return np.concatenate(found)


def test_a_table_drifts_slowly_with_unit_variance_before_its_scale(known):
    drift = of_many(known, is_own=False) / DELTA
    assert np.abs(np.diff(drift, axis=1)).max() < 0.1
    # random phases: over paths each row has mean 0 and variance 1; paths are 320 at least
    n = len(drift)
    assert n >= 280 and np.abs(drift.mean(0)).max() < 5 / np.sqrt(n) and np.abs((drift**2).mean(0) - 1).max() < 6 / np.sqrt(n)


def test_each_parent_has_a_path_of_its_own(known):
    """Rows of a parent follow one another slowly; those of two parents have nothing to do with each other."""
    drift, parent = of_many(known, is_own=True) / DELTA, known[3]
    n = len(drift)
    of_parent = np.stack([drift[:, parent == p][:, :25] for p in range(40)], axis=1)
    assert np.abs(np.diff(of_parent, axis=2)).max() < 2 < np.abs(np.diff(drift, axis=1)).max()
    next_one = (of_parent[:, :, 1:] * of_parent[:, :, :-1]).mean()
    assert next_one > 0.95 * (of_parent**2).mean()
    assert np.abs(drift.mean(0)).max() < 5 / np.sqrt(n) and np.abs((drift**2).mean(0) - 1).max() < 6 / np.sqrt(n)
    others = np.einsum("ipr,iqr->pq", of_parent, of_parent) / (n * 25)
    others = others[~np.eye(40, dtype=bool)]
    assert np.abs(others).max() < 6 / np.sqrt(n) and abs(others.mean()) < 0.02
