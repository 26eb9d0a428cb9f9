import re

import jax
import numpy as np
import pytest
from jax import random
from numpyro import handlers
from numpyro.infer import Predictive
from numpyro.infer.util import log_density

import plurel_prob
from plurel_prob import Bucket, Database, database, sample
from plurel_prob.cli.score import score as score_command
from plurel_prob.models.features import is_room
from plurel_prob.sampling import draw
from tests.models.tiny import BUCKET, SEED, tables_of, tiny


@pytest.fixture(scope="module", params=["compact", pytest.param("plurel", marks=pytest.mark.slow)])
def tiny_prior(request):
    return tiny(request.param)


@pytest.fixture(scope="module")
def drawn(tiny_prior):
    return draw(tiny_prior, SEED, BUCKET)


def trace_of(prior, key, bucket=BUCKET):
    return handlers.trace(handlers.seed(lambda: database(prior, bucket), key)).get_trace()


# sites that do not depend on the types of columns
UNCHANGED = ("schema/n_table", "schema/label", "links/parent_row", "features/graph", "features/mechanism_key")


def assert_same_draw(a, b):
    assert a.keys() == b.keys()
    for name in a:
        x, y = np.asarray(a[name]), np.asarray(b[name])
        if x.dtype.kind in "iub":
            np.testing.assert_array_equal(x, y, err_msg=name)
        else:
            np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-5, err_msg=name)


# quickly: tests/joint/test_joint.py compares a jitted draw with the public one
@pytest.mark.slow
def test_plain_jitted_and_public_draws_agree(tiny_prior, drawn):
    key = random.key(SEED)
    plain = {name: site["value"] for name, site in trace_of(tiny_prior, key).items() if site["type"] == "sample"}
    assert_same_draw(plain, drawn.sites)
    tables = sample(SEED, tiny_prior).tables
    np.testing.assert_array_equal(tables["table_0"]["row_idx"], np.arange(drawn.stages.schema.n_row[0], dtype=np.int64))


@pytest.mark.slow
def test_vmapped_draws_agree(tiny_prior, drawn):
    def values(key):
        trace = trace_of(tiny_prior, key)
        return {name: site["value"] for name, site in trace.items() if site["type"] == "sample"}

    batch = jax.jit(jax.vmap(values))(jax.vmap(random.key)(np.array([SEED + 1, SEED])))
    assert_same_draw({name: value[1] for name, value in batch.items()}, drawn.sites)


@pytest.fixture(scope="module")
def database_of_draw(tiny_prior, drawn):
    return Database.from_draw(drawn, SEED, tiny_prior)


# quickly: tests/joint/test_joint.py compares them
@pytest.mark.slow
def test_log_density_is_finite_and_the_sum_of_its_sites_and_the_score_of_the_latents(tiny_prior, drawn, database_of_draw):
    total, trace = log_density(database, (tiny_prior, BUCKET), {}, drawn.sites)
    of_site = {name: float(site["fn"].log_prob(site["value"]).sum()) for name, site in trace.items() if site["type"] == "sample"}
    assert np.isfinite(list(of_site.values())).all()
    np.testing.assert_allclose(total, sum(of_site.values()), rtol=1e-5)
    assert {name.split("/")[0] for name in of_site} == {"schema", "links", "features"}
    np.testing.assert_allclose(plurel_prob.log_density(database_of_draw).total, float(total), rtol=1e-5)


def test_the_score_is_that_of_its_levels_and_of_the_saved_database(database_of_draw, tmp_path, capsys):
    score = plurel_prob.log_density(database_of_draw)
    assert np.isfinite(score.total)
    for level in ("stage", "table", "site"):
        np.testing.assert_allclose(score.by(level).sum(), score.total, rtol=1e-9)
    assert set(score.by("stage").index) == {"schema", "links", "features"}
    loaded = plurel_prob.load(database_of_draw.save(tmp_path / "saved"))
    assert plurel_prob.log_density(loaded).parts.equals(score.parts)
    score_command(str(tmp_path / "saved"))
    assert f"log density {score.total:,.2f} nats" in capsys.readouterr().out


@pytest.mark.slow
def test_a_larger_bucket_draws_and_scores_the_same(tiny_prior, drawn):
    larger = Bucket(n_block=16, n_page=4096)
    other = draw(tiny_prior, SEED, larger)
    n_page = len(drawn.stages.features.value)
    np.testing.assert_array_equal(other.stages.features.value[:n_page], drawn.stages.features.value)
    n_row = drawn.stages.links.parent_row.shape[-1]
    np.testing.assert_array_equal(other.stages.links.parent_row[..., :n_row], drawn.stages.links.parent_row)
    scores = [log_density(database, (tiny_prior, bucket), {}, d.sites)[0] for bucket, d in ((BUCKET, drawn), (larger, other))]
    np.testing.assert_allclose(*scores, rtol=1e-6)


@pytest.mark.parametrize("tiny_prior", ["compact"], indirect=True)
def test_sizes_that_do_not_hold_a_database_are_refused(tiny_prior, drawn):
    (tables, _), n_page = tables_of(drawn), int((drawn.stages.held.n * drawn.stages.graphs.n_line).sum())
    enough = Bucket(int(drawn.stages.held.n.max()), n_page)
    assert is_room(tables, n_page)
    none = tables._replace(parent_row=tables.parent_row[..., :0])
    for few, bucket in ((tables, BUCKET._replace(n_page=n_page - 1)), (none, Bucket(0, n_page))):
        with pytest.raises(ValueError, match=re.escape(f"{bucket} is too small for the database, which takes {enough}")):
            is_room(few, bucket.n_page)


@pytest.mark.slow
@pytest.mark.parametrize("tiny_prior", ["compact"], indirect=True)
def test_a_compiled_program_has_no_values_of_a_database_that_it_does_not_hold(tiny_prior, drawn):
    small = BUCKET._replace(n_page=int((drawn.stages.held.n * drawn.stages.graphs.n_line).sum()) - 1)
    features = jax.jit(lambda: handlers.seed(database, random.key(SEED))(tiny_prior, small).features)()
    assert np.isnan(np.asarray(features.column)).all() and np.isnan(np.asarray(features.value)).all()


@pytest.mark.slow
@pytest.mark.parametrize("tiny_prior", ["compact"], indirect=True)
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
        # what is not returned is not compiled
        wanted = (*UNCHANGED, "schema/is_categorical")
        return {k: {n: t[n]["value"] for n in wanted if n in t} for k, t in traces.items()}

    result = results(random.key(SEED))
    for name, n_table in (("condition", 4), ("do", 3)):
        assert (result[name]["schema/label"] >= 0).sum() == n_table
    # keys go by name: sites that do not depend on the substituted one are drawn as before
    for site in UNCHANGED:
        np.testing.assert_array_equal(result["substitute"][site], drawn.sites[site])
    # without categories there are no labels to permute
    assert not np.array_equal(result["substitute"]["schema/is_categorical"], drawn.sites["schema/is_categorical"])


@pytest.mark.slow
@pytest.mark.parametrize("tiny_prior", ["compact"], indirect=True)
def test_predictive_draws_databases(tiny_prior):
    draws = Predictive(database, num_samples=3)(random.key(0), tiny_prior, BUCKET)
    assert draws["features/value"].shape == (3, BUCKET.n_page, 1024)
    assert len({values.tobytes() for values in np.asarray(draws["features/value"])}) == 3
