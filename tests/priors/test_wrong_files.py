import numpyro.distributions as dist
import pytest

from plurel_prob import PriorError, get_prior
from plurel_prob.priors import SchemaPrior, override

BIG = 10**21


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("base = [1]", "base: unknown prior"),
        ("base = { a = 1 }", "base: unknown prior"),
        ("[features]\nmechanism = [1]", "features.mechanism: unknown mechanism"),
        ("[schema]\nn_table = { DiscreteUniform = ['a', 'b'] }", "schema.n_table: DiscreteUniform cannot be used"),
        ("[schema]\nn_table = { DiscreteUniform = [3, nan] }", "schema.n_table: needs finite numbers, got nan"),
        ("[schema]\nn_table = { DiscreteUniform = [3, inf] }", "schema.n_table: needs finite numbers, got inf"),
        ("[schema]\nn_table = { DiscreteUniform = [3, 5000000] }", "schema.n_table: needs values in [2, 1000], its support is"),
        (f"[schema]\nn_table = {{ DiscreteUniform = [3, {10**400}] }}", "an integer of more than 64 bits"),
        (f"[schema]\nmax_parent = {BIG}", "an integer of more than 64 bits"),
        ("[schema]\nmax_parent = 9000000000000000000", "schema.max_parent: needs an integer in [2, 100000]"),
        ("[schema]\nn_category = { DiscreteUniform = [2, 1000] }", "schema.n_category: needs values in [2, 127]"),
        ("[schema]\nwindow = { OrderedPair = [0, 1000000000] }", "schema.window: needs values in [-100000, 100000]"),
        ("[schema.graph]\nfamily = { DiscreteUniform = [0, 1000] }", "schema.graph.family: needs values in [0, "),
        ("[schema.graph]\ndepth = { Pick = [[1, 2], [3]] }", "schema.graph.depth: Pick(options): "),
        (
            "base = 'realistic'\n[schema]\nrow_ratio = 1e6",
            "rows of a table whose parent has 100,000 are hardly ever between 5 and",
        ),
        ("base = 'realistic'\n[schema]\nmax_root = 200000", "needs min_row <= max_root <= max_row, got 5, 200000, 100000"),
        ("[schema]\nn_row_entity = { LogNormalCount = [10, 0.01, 500, 900] }", "hardly ever between 500 and 900"),
        ("[links]\nn_level = { DiscreteUniform = [1, 1000000] }", "links.n_level: needs values in [1, 64]"),
        ("[links]\nmatching_affinity = inf", "links.matching_affinity: needs a number in"),
        ("[features]\nn_extra_node = 1000000000", "features.n_extra_node: needs an integer in [0, 1000]"),
        ("[features]\nn_dim = { CategoricalProbs = [[0.5, 0.5]] }", "features.n_dim: needs batch and event shapes"),
        ("[features]\nn_dim = { CategoricalProbs = [[0.5, 0.5], [1.0]] }", "features.n_dim: needs numbers, or lists of numbers"),
        ("[features]\nn_dim = { CategoricalProbs = 'half' }", "features.n_dim: CategoricalProbs("),
        ("[features]\nmissing_rate = { Uniform = [0.0, [0.5, 0.6]] }", "features.missing_rate: needs batch and event shapes"),
        ("[features]\nmissing_rate = { Normal = { loc = 'x', scale = 1.0 } }", "features.missing_rate: Normal"),
        ("[features]\ntransform = { Transform = [['rank']] }", "features.transform: Transform(names): "),
    ],
)
def test_what_is_wrong_is_one_line_with_file_and_key(text, words, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(PriorError) as caught:
        get_prior(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and words in message and "\n" not in message and len(message) < len(str(path)) + 400


@pytest.mark.parametrize(
    "law",
    [
        {"MultivariateNormal": [3, 6]},
        {"MultivariateNormal": {"loc": 3.0, "covariance_matrix": 10**9}},
        {"LKJ": [10**9]},
        {"ZeroSumNormal": [1.0, [10**5, 10**5]]},
        {"GaussianRandomWalk": [1.0, 10**9]},
        {"ErdosRenyi": [10**6, 10**6, 0.5]},
        {"MultinomialProbs": [[0.5, 0.5], 10**9]},
        {"Multinomial": [10**9, [0.5, 0.5]]},
    ],
    ids=lambda law: next(iter(law)),
)
def test_laws_of_arrays_are_refused_before_they_are_made(law):
    with pytest.raises(PriorError, match=r"schema\.n_table: \w+ draws vectors, matrices or graphs"):
        override(get_prior("plurel"), {"schema": {"n_table": law}})


@pytest.mark.parametrize(
    "value",
    ["x" * 10**6, [["x"] * 1000] * 1000, {"a": {"b" * 10**6: 1}}, 10**5000, "\x1b[31m"],
    ids=lambda value: type(value).__name__,
)
def test_long_values_are_cut(value):
    for content in ({"schema": value}, {"schema": {"n_table": value}}, {"schema": {"n_table": {"DiscreteUniform": value}}}):
        with pytest.raises(PriorError) as caught:
            override(get_prior("plurel"), content)
        assert len(str(caught.value)) < 500 and str(caught.value).isprintable()


def test_fields_in_python_are_checked_for_their_parameters():
    with pytest.raises(PriorError, match="n_table: DiscreteUniform needs finite numbers, its high is nan"):
        SchemaPrior(n_table=dist.DiscreteUniform(3, float("nan")))


def test_weights_over_a_registry_are_still_a_law_of_it():
    law = {"CategoricalProbs": [0.5, 0.25, 0.25]}
    assert override(get_prior("plurel"), {"schema": {"graph": {"family": law}}}).schema.graph.family.probs.shape == (3,)
