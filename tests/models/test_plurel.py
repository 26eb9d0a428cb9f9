"""PluRel's mechanisms against plain loops, and under interventions."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax import random
from numpyro import handlers

from plurel_prob import database
from plurel_prob.databases.tables import column_values, node_values
from plurel_prob.distributions import Activation, Initialisation
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS
from plurel_prob.distributions.mechanisms.choices import CAUSE, FOREIGN, OUTPUT
from plurel_prob.distributions.mechanisms.curves import GRID, choose_encoder
from plurel_prob.distributions.mechanisms.decoders import choose_decoder
from plurel_prob.distributions.mechanisms.networks import LATENT, NetworkRecipe, draw_matrix
from plurel_prob.distributions.mechanisms.noise import beta_noise, beta_quantiles
from plurel_prob.distributions.mechanisms.structure import Intervention
from plurel_prob.models.plurel import node_laws
from plurel_prob.sampling import draw
from tests.models.tiny import BUCKET, SEED, descendants, tables_of, tiny

AGGREGATE = {
    "sum": lambda terms: terms.sum(0),
    "max": lambda terms: terms.max(0),
    "product": lambda terms: np.clip(terms.prod(0), -1e18, 1e18),
    "logsumexp": lambda terms: np.logaddexp.reduce(terms, axis=0),
}


@cache
def laws_of(prior):
    """One function for each prior, so that it is compiled once."""
    return lambda tables: node_laws(prior.features, tables, 10)


@pytest.fixture(scope="module")
def prior():
    return tiny("plurel")


@pytest.fixture(scope="module")
def drawn(prior):
    return draw(prior, SEED, BUCKET)


RECIPE = NetworkRecipe(
    dist.DiscreteUniform(2, 4), Activation(), Initialisation(), dist.Uniform(0.3, 1.0), dist.Uniform(-1.0, 1.0), max_layer=4
)
# compiled once: called one by one, each would compile its branches again
encode = jax.jit(lambda key, *arguments: choose_encoder(key, RECIPE).tabulate(*arguments, 10))
choose = jax.jit(lambda key: choose_decoder(key, jnp.ones(2), RECIPE))
weigh = jax.jit(lambda network, layer, n_out: network.layer(layer).weight(n_out=n_out))
activate = jax.jit(lambda network, layer, x: network.layer(layer).activate(x))
embed = jax.jit(lambda choice, n_category: draw_matrix(choice, 10, n_category, LATENT))
noise_of = jax.jit(lambda key, shape: beta_noise(key, jnp.array(0), beta_quantiles(*shape)))


class PlainTable:
    """A table's values, one formula after the other, in float64 where it is not a random weight."""

    def __init__(self, drawn, prior, table):
        self.tables, self.laws = tables_of(drawn, laws_of(prior))
        self.drawn, self.table = drawn, table
        self.values = node_values(drawn, table)
        self.columns = [self.column(drawn, parent) for parent in range(int(drawn.stages.schema.n_table))]

    def key(self, use, *path):
        key = random.fold_in(random.wrap_key_data(self.tables.mechanism_key[self.table]), use)
        for index in path:
            key = random.fold_in(key, index)
        return key

    def column(self, drawn, parent):
        """What children see of a table: labels of categorical columns, numbers as they are before transforms."""

        values, labels = node_values(drawn, parent), column_values(drawn, parent)
        nodes = self.tables.column_node[parent, : int(self.tables.n_column[parent])]
        is_categorical = drawn.stages.schema.is_categorical[parent]
        return [labels[c] if is_categorical[c] else values[node] for c, node in enumerate(nodes)]

    def curve(self, key, table, node, seen, at, is_label):
        """An encoder evaluated at the values ``at`` of a node whose values are ``seen``."""
        is_lazy = bool(self.laws.is_lazy[table])
        is_index = bool(self.tables.is_categorical[table, node]) and not is_lazy
        ordered = np.sort(seen[:1024])
        grid = np.arange(GRID, dtype=np.float32) if is_label else ordered[np.arange(GRID) * (len(ordered) - 1) // (GRID - 1)]
        n_category = self.tables.n_category[table, node]
        code = np.asarray(encode(key, jnp.array(is_index), n_category, jnp.asarray(grid)))
        if is_index:
            return np.float64(code)[at.astype(int)]
        point, first = np.unique(grid, return_index=True)  # of equal points, curves are equal too
        return np.stack([np.interp(at, np.float64(point), np.float64(code)[first, d]) for d in range(LATENT)], axis=1)

    def terms(self, node, rows):
        tables, kind = self.tables, list(AGGREGATIONS)[int(self.laws.aggregation[self.table, node])]
        for cause in np.flatnonzero(tables.edge[self.table, :, node]):
            values = self.values[cause]
            code = self.curve(self.key(CAUSE, node, cause), self.table, cause, values, values[rows], False)
            yield np.clip(np.float64(tables.edge_weight[self.table, cause, node]) * code, -1e4, 1e4)
        for slot in range(int(tables.n_parent[self.table])):
            parent, linked = int(tables.parent_table[self.table, slot]), tables.parent_row[self.table, slot][rows]
            n_column = int(tables.n_column[parent])
            for column in range(n_column):
                seen, parent_node = self.columns[parent][column], int(tables.column_node[parent, column])
                is_label = bool(tables.is_categorical[parent, parent_node] & self.laws.is_lazy[parent])
                key = self.key(FOREIGN, slot, column)
                code = self.curve(key, parent, parent_node, seen, seen[linked], is_label)
                yield np.clip(code, -1e4, 1e4) / (n_column if kind == "sum" else 1)

    def decode(self, node, latent):
        is_index = bool(self.tables.is_categorical[self.table, node]) and not bool(self.laws.is_lazy[self.table])
        decoder = choose(self.key(OUTPUT, node))
        n_layer, x = int(decoder.network.n_layer), np.float64(latent)
        for layer in range(n_layer - 1):
            x = x @ np.float64(weigh(decoder.network, layer, LATENT))
            x = np.float64(activate(decoder.network, layer, jnp.asarray(x, jnp.float32)))
        output = x @ np.float64(weigh(decoder.network, n_layer - 1, LATENT if is_index else 1))
        if not is_index:
            return output[:, 0]
        n_category = self.tables.n_category[self.table, node]
        return (output @ np.float64(embed(decoder.embedding, n_category))[: int(n_category)].T).argmax(1)

    def node(self, node, rows):
        kind = list(AGGREGATIONS)[int(self.laws.aggregation[self.table, node])]
        total = AGGREGATE[kind](np.stack(list(self.terms(node, rows))))
        key = random.fold_in(random.wrap_key_data(self.laws.noise_key[self.table]), node)
        noise = noise_of(key, self.laws.noise_shape[self.table, node])
        return self.decode(node, total + np.float64(noise)[rows] / LATENT)


def test_values_in_plain_loops(prior, drawn):
    """A few rows of every inner node of every table. Steep decoders amplify rounding, so a few cells may differ."""
    n_cell, n_close, kinds = 0, 0, set()
    for table in range(int(drawn.stages.schema.n_table)):
        plain = PlainTable(drawn, prior, table)
        rows = np.arange(0, int(drawn.stages.schema.n_row[table]), 3)[:40]
        kinds.add(bool(plain.laws.is_lazy[table]))
        for node in range(int(plain.tables.n_node[table])):
            if plain.tables.edge[table, :, node].any():
                found, expected = plain.values[node][rows], plain.node(node, rows)
                spread = plain.values[node].std()
                n_cell += len(rows)
                n_close += np.isclose(found, expected, rtol=1e-3, atol=1e-3 * spread + 1e-6).sum()
    assert kinds == {True, False} and n_cell > 500
    assert n_close >= 0.99 * n_cell, (n_close, n_cell)


@pytest.mark.slow
def test_an_intervention_changes_descendants_and_nothing_else(prior, drawn):
    tables, _ = tables_of(drawn)
    schema = drawn.stages.schema
    parent = next(int(t) for t in schema.order if schema.is_entity[t])
    node = int(tables.column_node[parent, 0])
    is_set = np.zeros(tables.is_categorical.shape, bool)
    is_set[parent, node] = True
    value = np.zeros_like(drawn.stages.features.value)
    n_category = int(tables.n_category[parent, node]) if tables.is_categorical[parent, node] else 0
    given = np.arange(int(schema.n_row[parent])) % n_category if n_category else np.linspace(-1, 1, int(schema.n_row[parent]))
    value[int(tables.page(parent, 0, node)), : len(given)] = given
    intervention = Intervention(jnp.asarray(is_set), jnp.asarray(value))

    program = jax.jit(lambda key: handlers.seed(database, key)(prior, BUCKET, intervention))
    done = drawn._replace(stages=jax.tree.map(np.asarray, program(random.key(SEED))))
    expected = descendants(tables, parent, node)
    changed = set()
    for table in range(int(schema.n_table)):
        before, after = node_values(drawn, table), node_values(done, table)
        changed |= {(table, int(v)) for v in np.flatnonzero((before != after).any(1))}
    np.testing.assert_allclose(node_values(done, parent)[node], given, rtol=1e-6)
    assert changed - {(parent, node)} <= expected
    assert any(table != parent for table, _ in changed), "the intervention reaches no child"
