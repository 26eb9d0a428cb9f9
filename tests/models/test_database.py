import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jax import random
from jax.nn import softmax
from numpyro import handlers
from numpyro.infer import Predictive
from numpyro.infer.util import log_density

from plurel_prob import Bucket, Prior, database, get_prior, sample
from plurel_prob.distributions.mechanism import LATENT, LOGIT_SCALE
from plurel_prob.distributions.scm import CAUSE, FOREIGN, OUTPUT, SOURCE
from plurel_prob.models.features import causal_tables
from plurel_prob.priors import override
from plurel_prob.sampling import draw

BUCKET = Bucket(n_block=8, n_page=1024)
SEED = 4


@pytest.fixture(scope="module")
def tiny_prior() -> Prior:
    """Few, narrow tables: the program can be run eagerly."""
    number = {"n_table": {"DiscreteUniform": [3, 4]}, "n_column": {"TruncatedZipf": [1.0, 3, 4]}}
    rows = {"n_row_entity": {"DiscreteUniform": [20, 40]}, "n_row_activity": {"DiscreteUniform": [40, 1100]}}
    return override(get_prior("plurel"), {"schema": number | rows})


@pytest.fixture(scope="module")
def drawn(tiny_prior):
    return draw(tiny_prior, SEED, BUCKET)


def trace_of(prior, key, bucket=BUCKET):
    return handlers.trace(handlers.seed(lambda: database(prior, bucket), key)).get_trace()


def assert_same_draw(a, b):
    assert a.keys() == b.keys()
    for name in a:
        x, y = np.asarray(a[name]), np.asarray(b[name])
        if x.dtype.kind in "iub":
            np.testing.assert_array_equal(x, y, err_msg=name)
        else:
            np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-5, err_msg=name)


def test_plain_jitted_vmapped_and_public_draws_agree(tiny_prior, drawn):
    key = random.key(SEED)
    plain = {name: site["value"] for name, site in trace_of(tiny_prior, key).items() if site["type"] == "sample"}
    assert_same_draw(plain, drawn.sites)

    def values(key):
        trace = trace_of(tiny_prior, key)
        return {name: site["value"] for name, site in trace.items() if site["type"] == "sample"}

    batch = jax.jit(jax.vmap(values))(jax.vmap(random.key)(np.array([SEED + 1, SEED])))
    assert_same_draw({name: value[1] for name, value in batch.items()}, drawn.sites)
    tables = sample(SEED, tiny_prior).tables
    np.testing.assert_array_equal(tables["table_0"]["row_idx"], np.arange(drawn.stages.schema.n_row[0], dtype=np.int64))


def test_log_density_is_finite_and_the_sum_of_its_sites(tiny_prior, drawn):
    total, trace = log_density(database, (tiny_prior, BUCKET), {}, drawn.sites)
    of_site = {name: float(site["fn"].log_prob(site["value"]).sum()) for name, site in trace.items() if site["type"] == "sample"}
    assert np.isfinite(list(of_site.values())).all()
    np.testing.assert_allclose(total, sum(of_site.values()), rtol=1e-5)
    assert {name.split("/")[0] for name in of_site} == {"schema", "links", "features"}


def test_a_larger_bucket_draws_and_scores_the_same(tiny_prior, drawn):
    larger = Bucket(n_block=16, n_page=4096)
    other = draw(tiny_prior, SEED, larger)
    n_page = len(drawn.stages.value)
    np.testing.assert_array_equal(other.stages.value[:n_page], drawn.stages.value)
    n_row = drawn.stages.links.parent_row.shape[-1]
    np.testing.assert_array_equal(other.stages.links.parent_row[..., :n_row], drawn.stages.links.parent_row)
    scores = [log_density(database, (tiny_prior, bucket), {}, d.sites)[0] for bucket, d in ((BUCKET, drawn), (larger, other))]
    np.testing.assert_allclose(*scores, rtol=1e-6)


def test_numpyro_handlers_work_on_the_program(tiny_prior, drawn):
    def model():
        return database(tiny_prior, BUCKET)

    @jax.jit
    def results(key):
        seeded = handlers.seed(model, key)
        conditioned = handlers.trace(handlers.condition(seeded, {"schema/n_table": 4})).get_trace()
        done = handlers.trace(handlers.do(seeded, {"schema/n_table": 3})).get_trace()
        categorical = np.zeros_like(drawn.sites["schema/is_categorical"])
        substituted = handlers.trace(handlers.substitute(seeded, {"schema/is_categorical": categorical})).get_trace()
        traces = {"condition": conditioned, "do": done, "substitute": substituted}
        return {k: {n: s["value"] for n, s in t.items() if s["type"] == "sample"} for k, t in traces.items()}

    result = results(random.key(SEED))
    for name, n_table in (("condition", 4), ("do", 3)):
        assert (result[name]["schema/label"] >= 0).sum() == n_table
    # keys go by name: sites that do not depend on the substituted one are drawn as before
    for site in ("schema/n_table", "schema/label", "links/parent_row", "features/graph", "features/mechanism_key"):
        np.testing.assert_array_equal(result["substitute"][site], drawn.sites[site])
    assert not np.array_equal(result["substitute"]["features/value"], drawn.sites["features/value"])


def test_predictive_draws_databases(tiny_prior):
    draws = Predictive(database, num_samples=3)(random.key(0), tiny_prior, BUCKET)
    assert draws["features/value"].shape == (3, BUCKET.n_page, 1024)
    assert len({values.tobytes() for values in np.asarray(draws["features/value"])}) == 3


def weights(tables, table, use, *path):
    key = random.fold_in(random.wrap_key_data(tables.mechanism_key[table]), use)
    for index in path:
        key = random.fold_in(key, index)
    return key


def law_of_cell(tables, values, table, node, row, max_category):
    """Parameters of one cell's law, as the formula says: cause by cause, column by column."""

    def project(key, value, is_categorical):
        w = np.float64(random.normal(key, (LATENT, max_category)))
        return w[:, int(value)] if is_categorical else np.tanh(w[:, 0] * value + w[:, 1])

    causes = np.flatnonzero(tables.edge[table, :, node])
    if len(causes) == 0:
        exponential = random.exponential(weights(tables, table, SOURCE, node), (max_category,))
        return None, np.log(np.float64(exponential))
    latent, square = np.zeros(LATENT), 0.0
    for cause in causes:
        weight = np.float64(tables.edge_weight[table, cause, node])
        key = weights(tables, table, CAUSE, node, cause)
        latent += weight * project(key, values[table][cause, row], tables.is_categorical[table, cause])
        square += weight**2
    latent /= np.sqrt(square)
    for slot in range(tables.n_parent[table]):
        parent, parent_row = int(tables.parent_table[table, slot]), tables.parent_row[table, slot, row]
        nodes = tables.column_node[parent, : tables.n_column[parent]]
        terms = [
            project(
                weights(tables, table, FOREIGN, slot, column),
                values[parent][column_node, parent_row],
                tables.is_categorical[parent, column_node],
            )
            for column, column_node in enumerate(nodes)
        ]
        latent += np.mean(terms, axis=0)
    hidden_key, output_key = random.split(weights(tables, table, OUTPUT, node))
    hidden = np.float64(random.normal(hidden_key, (LATENT, LATENT))) / np.sqrt(LATENT)
    output = 2 * np.float64(random.normal(output_key, (max_category, LATENT))) / np.sqrt(LATENT)
    result = output @ np.tanh(hidden @ latent)
    return result[0], LOGIT_SCALE * result


def test_value_density_in_plain_loops(tiny_prior, drawn):
    """One row of a child table: the sum over its nodes equals the change when that row is scored or not."""
    from plurel_prob.databases.tables import node_values
    from plurel_prob.distributions import StructuralCausalModels

    schema = drawn.stages.schema
    tables = jax.tree.map(jnp.asarray, causal_tables(schema, drawn.stages.links, drawn.stages.mechanisms))
    values = {t: node_values(drawn, t) for t in range(int(schema.n_table))}
    child = int(schema.order[int(schema.n_table) - 1])
    assert tables.n_parent[child] > 0
    last = int(tables.n_row[child]) - 1
    expected = 0.0
    for node in range(int(tables.n_node[child])):
        loc, logits = law_of_cell(tables, values, child, node, last, 10)
        value = float(values[child][node, last])
        if tables.is_categorical[child, node]:
            expected += np.log(softmax(logits[: tables.n_category[child, node]])[int(value)])
        else:
            scale = 1.0 if loc is None else float(tables.noise_scale[child, node])
            expected += float(dist.Normal(0.0 if loc is None else loc, scale).log_prob(value))

    def score(n_row):
        value = jnp.asarray(drawn.stages.value)
        return StructuralCausalModels(tables._replace(n_row=n_row), BUCKET.n_page, 10).log_prob(value)

    assert last % 1024, "the last row is not alone in its block, so that leaving it out keeps the layout"
    without = tables.n_row.at[child].add(-1)
    np.testing.assert_allclose(score(tables.n_row) - score(without), expected, rtol=2e-3, atol=0.05)


def test_noise_follows_its_law(tiny_prior, drawn):
    """Numerical sources are standard normal (a source sees no foreign key either)."""
    from scipy.stats import kstest

    from plurel_prob.databases.tables import node_values

    mechanisms = drawn.stages.mechanisms
    for table in range(int(drawn.stages.schema.n_table)):
        n_node = int(mechanisms.n_node[table])
        is_source = ~mechanisms.edge[table, :, :n_node].any(0) & ~mechanisms.is_categorical[table, :n_node]
        for node in np.flatnonzero(is_source):
            assert kstest(node_values(drawn, table)[node], "norm").pvalue > 1e-5
