"""Compact mechanisms: the density of values in plain loops, and interventions."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random
from jax.nn import softmax
from numpyro import handlers
from scipy import stats

from plurel_prob import database
from plurel_prob.databases.tables import node_values
from plurel_prob.distributions.mechanisms.aggregations import AGGREGATIONS
from plurel_prob.distributions.mechanisms.compact import CompactMechanisms
from plurel_prob.distributions.mechanisms.compact_laws import CAUSE, EMBEDDING, FOREIGN, OUTPUT, SOURCE
from plurel_prob.distributions.mechanisms.effects import DIM, EFFECTS
from plurel_prob.distributions.mechanisms.structure import Intervention
from plurel_prob.models.compact import compact_laws
from plurel_prob.programs.layout import VALUE
from plurel_prob.programs.structure import draw_structure
from plurel_prob.programs.values import draw_with
from plurel_prob.sampling import draw
from plurel_prob.scoring.score import site_log_probs
from tests.models.tiny import BUCKET, SEED, descendants, tables_of, tiny

MAX_CATEGORY = 10
AGGREGATE = {"sum": np.sum, "max": np.max, "logsumexp": np.logaddexp.reduce}
effect = jax.jit(lambda kind, key, point, n_in: jax.lax.switch(kind, list(EFFECTS.values()), key, point, n_in))


@cache
def laws_of(prior):
    """One function for each prior, so that it is compiled once."""
    return partial(compact_laws, prior.features)


@pytest.fixture(scope="module")
def prior():
    return tiny("compact")


@pytest.fixture(scope="module")
def drawn(prior):
    return draw(prior, SEED, BUCKET)


class PlainCell:
    """The law of one row of a table, node by node."""

    def __init__(self, drawn, prior, table, row):
        self.tables, self.laws = tables_of(drawn, laws_of(prior))
        self.values = [node_values(drawn, t) for t in range(int(drawn.stages.schema.n_table))]
        self.table, self.row = table, row

    def key(self, use, *path):
        key = random.fold_in(random.wrap_key_data(self.tables.mechanism_key[self.table]), use)
        for index in path:
            key = random.fold_in(key, index)
        return key

    def lines(self, table, node, row):
        first = int(self.tables.line[table, node])
        return self.values[table][first : first + int(self.tables.n_dim[table, node]), row]

    def point(self, node):
        value = self.lines(self.table, node, self.row)
        if self.tables.is_categorical[self.table, node]:
            return np.asarray(random.normal(self.key(EMBEDDING, node), (DIM, MAX_CATEGORY)))[:, int(value[0])], DIM
        return np.pad(3 * np.tanh(value / 3), (0, DIM - len(value))), len(value)

    def effect(self, kind, key, point, n_in):
        return np.float64(effect(kind, key, jnp.asarray(point, jnp.float32)[:, None], n_in))[:, 0]

    def foreign(self):
        total = np.zeros(DIM)
        for slot in range(int(self.tables.n_parent[self.table])):
            parent, row = int(self.tables.parent_table[self.table, slot]), int(self.tables.parent_row[self.table, slot, self.row])
            n_column, summary = int(self.tables.n_column[parent]), np.zeros(DIM)
            for column in range(n_column):
                node = int(self.tables.column_node[parent, column])
                weight = np.asarray(random.normal(self.key(FOREIGN, slot, column), (DIM, MAX_CATEGORY + 1)))
                value = self.lines(parent, node, row)[0]
                is_categorical = bool(self.tables.is_categorical[parent, node])
                summary += weight[:, int(value)] if is_categorical else weight[:, -1] * 3 * np.tanh(value / 3)
            key = self.key(FOREIGN, slot, self.tables.column_node.shape[1])
            squashed = 3 * np.tanh(summary / np.sqrt(n_column) / 3)
            total += self.effect(self.laws.foreign_effect[self.table, slot], key, squashed, DIM)
        return float(self.laws.foreign_strength[self.table]) * total

    def log_prob(self, node):
        causes = np.flatnonzero(self.tables.edge[self.table, :, node])
        if len(causes) == 0:
            return self.source_log_prob(node)
        weights = np.float64(self.tables.edge_weight[self.table, causes, node])
        kind = list(AGGREGATIONS)[int(self.laws.aggregation[self.table, node])]
        norm = np.sqrt((weights**2).sum()) if kind == "sum" else 1.0
        terms = [
            weight
            / norm
            * self.effect(self.laws.effect[self.table, cause, node], self.key(CAUSE, node, cause), *self.point(cause))
            for cause, weight in zip(causes, weights, strict=True)
        ]
        mix_key, score_key = random.split(self.key(OUTPUT, node))
        loc = AGGREGATE[kind](np.stack(terms), axis=0) + np.float64(random.normal(mix_key, (DIM, DIM))) / 2 @ self.foreign()
        value = self.lines(self.table, node, self.row)
        if self.tables.is_categorical[self.table, node]:
            score = float(self.laws.sharpness[self.table]) * np.float64(random.normal(score_key, (MAX_CATEGORY, DIM))) @ loc
            return np.log(softmax(score[: int(self.tables.n_category[self.table, node])])[int(value[0])])
        return stats.norm(loc[: len(value)], float(self.laws.noise_scale[self.table, node])).logpdf(value).sum()

    def source_log_prob(self, node):
        offset_key, share_key, prob_key = random.split(self.key(SOURCE, node), 3)
        value = self.lines(self.table, node, self.row)
        if self.tables.is_categorical[self.table, node]:
            weight = np.asarray(random.exponential(prob_key, (MAX_CATEGORY, 1)))[
                : int(self.tables.n_category[self.table, node]), 0
            ]
            return np.log(weight[int(value[0])] / weight.sum())
        offset = np.float64(random.uniform(offset_key, (DIM,), maxval=0.95))[: len(value)]
        share = np.float64(random.uniform(share_key, (DIM,), minval=0.1, maxval=0.9))[: len(value)]
        first, second = (stats.norm(side * offset, np.sqrt(1 - offset**2)).pdf(value) for side in (1, -1))
        return np.log(share * first + (1 - share) * second).sum()


@pytest.fixture(scope="module")
def score(prior, drawn):
    """Log density of the values of the tables' first rows, without the cells that are given."""
    tables, laws = tables_of(drawn, laws_of(prior))
    value = jnp.asarray(drawn.stages.features.value)

    @jax.jit
    def log_prob(n_row, given):
        intervention = Intervention(jnp.ones(tables.is_categorical.shape, bool), given)
        law = CompactMechanisms(tables._replace(n_row=n_row), laws, BUCKET.n_page, MAX_CATEGORY, intervention=intervention)
        return law.log_prob(value)

    return lambda n_row=tables.n_row, given=None: log_prob(n_row, jnp.full(value.shape, jnp.nan) if given is None else given)


def test_the_density_of_values_in_plain_loops(prior, drawn, score):
    """One row of every table: the sum over its nodes is the change when that row is scored or not."""
    tables, _ = tables_of(drawn)
    n_child = 0
    for table in range(int(drawn.stages.schema.n_table)):
        last = int(tables.n_row[table]) - 1
        plain = PlainCell(drawn, prior, table, last)
        expected = sum(plain.log_prob(node) for node in range(int(tables.n_node[table])))
        assert last % 1024, "the last row is not alone in its block, so that leaving it out keeps the layout"
        found = score(tables.n_row) - score(tables.n_row.at[table].add(-1))
        # sums over thousands of cells in float32
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=0.1)
        n_child += int(tables.n_parent[table]) > 0
    assert n_child >= 2


@pytest.mark.slow
def test_an_intervention_changes_descendants_and_nothing_else(prior, drawn):
    tables, _ = tables_of(drawn)
    schema = drawn.stages.schema
    parent = next(int(t) for t in schema.order if schema.is_entity[t])
    node, n_row = int(tables.column_node[parent, 0]), int(schema.n_row[parent])
    is_set = np.zeros(tables.is_categorical.shape, bool)
    is_set[parent, node] = True
    page = int(tables.page(parent, 0, node))
    value = np.array(drawn.stages.features.value)
    value[page, :n_row] = (value[page, :n_row] + 1) % 2
    program = jax.jit(
        lambda key, is_set, value: handlers.seed(database, key)(prior, BUCKET, Intervention(is_set, value)).features.value
    )
    done = np.asarray(program(random.key(SEED), is_set, value))
    np.testing.assert_array_equal(done[page], value[page])
    changed = set()
    for table in range(int(schema.n_table)):
        for v in range(int(tables.n_node[table])):
            pages = [
                int(tables.page(table, block, v)) + d
                for block in range(int(tables.held.n[table]))
                for d in range(int(tables.n_dim[table, v]))
            ]
            if (done[pages] != drawn.stages.features.value[pages]).any():
                changed.add((table, v))
    assert changed - {(parent, node)} <= descendants(tables, parent, node)
    assert any(table != parent for table, _ in changed), "the intervention reaches no child"


def test_an_intervention_adds_nothing_to_the_density(prior, drawn, score):
    """Nor does anything random remain where every value is set, whatever the key."""
    value = np.asarray(drawn.stages.features.value)
    assert score(given=jnp.asarray(value)) == 0
    known = draw_structure(prior, random.key(SEED))
    every = Intervention(np.ones(drawn.stages.graphs.is_categorical.shape, bool), value, value, np.array(False))
    done = draw_with(prior, random.key(0), known, BUCKET, intervention=every)
    np.testing.assert_array_equal(done.stages.features.value, value)


def test_an_intervention_is_by_cell(drawn, score):
    """A density without some cells and one without the others add up to that of all, which is that without an intervention."""
    value = jnp.asarray(drawn.stages.features.value)
    is_left = np.arange(value.shape[1]) % 3 == 0
    whole, left, right = (float(score(given=jnp.where(cells, value, jnp.nan))) for cells in (False, is_left, ~is_left))
    of_value = site_log_probs(tiny("compact"), BUCKET, drawn.sites)[VALUE].sum()
    np.testing.assert_allclose(whole, of_value, rtol=1e-6)
    np.testing.assert_allclose(left + right, whole, rtol=1e-5)
    assert left != whole and right != whole


def test_a_table_resembles_itself(prior, drawn):
    """Edges of a table choose from the table's few effects; tables differ in their choices."""
    tables, laws = tables_of(drawn, laws_of(prior))
    n_table = int(drawn.stages.schema.n_table)
    used = [set(np.asarray(laws.effect[table])[np.asarray(tables.edge[table])].tolist()) for table in range(n_table)]
    assert all(len(effects) <= prior.features.n_effect for effects in used)
    assert len(set.union(*used)) > prior.features.n_effect
    assert len(set(np.asarray(laws.sharpness)[:n_table].tolist())) == n_table
