import numpyro.distributions as dist
import pytest

from plurel_prob import PRIORS, Prior, PriorError, get_prior
from plurel_prob.priors import SchemaPrior, override


def test_named_priors_are_recorded_and_restored():
    for name in PRIORS:
        prior = get_prior(name)
        restored = override(Prior(name=name), prior.record())
        assert restored == prior and restored.fingerprint == prior.fingerprint
    assert get_prior("plurel") != get_prior("plurel-untruncated")


def test_a_file_overrides_fields(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        "base = 'plurel'\n[schema]\nn_table = { DiscreteUniform = [3, 6] }\nmax_parent = 3\n"
        "n_category = { Pick = [2, 4] }\n"
        "[schema.graph]\nfamily = { GraphFamily = ['Layered'] }\n"
        "[features]\nmissing_rate = { TruncatedNormal = { loc = 0.1, scale = 0.1, low = 0.01, high = 0.5 } }\n"
        "[features.network]\nactivation = { Activation = ['relu', 'sin'] }\n"
        "[links]\naffinity = { Uniform = { low = 0.1, high = 0.2 } }\n"
    )
    prior = get_prior(path)
    assert prior.name == "mine"
    assert prior.schema.n_table.high == 6 and prior.schema.max_parent == 3
    assert prior.schema.graph.family.names == ("Layered",)
    assert override(Prior(), prior.record()) == prior
    assert get_prior(str(path)) == prior


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[schema]\nn_tabel = { DiscreteUniform = [3, 6] }", r"schema\.n_tabel: unknown field.*'n_table'"),
        ("[schema.graph]\nedge_probs = 1", r"schema\.graph\.edge_probs: unknown field.*'edge_prob'"),
        ("[shcema]", r"shcema: unknown key.*'schema'"),
        (
            "[schema]\nn_table = { DiscretUniform = [3, 6] }",
            r"schema\.n_table: unknown distribution.*'DiscreteUniform'",
        ),
        ("[schema]\nn_table = { DiscreteUniform = { lo = 3, high = 6 } }", r"no parameter 'lo'; did you mean 'low'"),
        ("[schema]\nn_table = 4", r"schema\.n_table: needs one distribution"),
        ("[schema]\nn_table = { Normal = [0, 1] }", r"schema\.n_table: needs a discrete"),
        ("[schema]\nn_table = { Poisson = [4.0] }", r"schema\.n_table: needs values in"),
        ("[schema]\nn_table = { DiscreteUniform = [1, 6] }", r"schema\.n_table: needs values in \[2, 1000\]"),
        ("[schema]\nn_table = { DiscreteUniform = [1, 2, 3, 4, 5] }", r"schema\.n_table: DiscreteUniform\(low, high\)"),
        ("[schema]\nmax_parent = 1", r"schema\.max_parent: needs an integer in \[2"),
        ("[schema]\ncategorical_prob = 1.5", r"schema\.categorical_prob: needs a number in \[0, 1\]"),
        ("[schema]\ncategorical_prob = 'x'", r"schema\.categorical_prob: needs a number"),
        ("[features]\nmissing_rate = { Uniform = [0.9, 0.1] }", r"features\.missing_rate: its support \[0.9, 0.1\] is empty"),
        ("[features]\nmissing_rate = { Normal = [0.0, 1.0] }", r"features\.missing_rate: needs values in \[0"),
        ("[links]\nn_level = { DiscreteUniform = [1, 9] }", r"links\.n_level and n_cluster allow 19683 base clusters"),
        ("[schema.graph]\nfamily = { GraphFamily = ['Leyered'] }", r"unknown name 'Leyered' for GraphFamily"),
        ("[features]\nmechanism = 'compakt'", r"features\.mechanism: unknown mechanism 'compakt'; did you mean 'compact'"),
        ("[features]\nhas_booleans = 1", r"features\.has_booleans: needs true or false"),
        ("[features]\nsource_exponent = { DiscreteUniform = [0, 12] }", r"source_exponent: needs values of at most 9"),
        ("[features]\nmechanism = 'compact'\nn_dim = { Pick = [5, 6] }", r"n_dim: nodes have at most 4 dimensions"),
        ("base = 'plural'", r"base: unknown prior 'plural'; did you mean 'plurel'"),
        ("base = 'realistic'\n[schema]\nn_row_entity = 3", r"schema\.n_row_entity: unknown field; it is one of law = 'kinds'"),
        ("[schema\n", "cannot be read: "),
        ("schema = 3", "schema: needs a table"),
    ],
)
def test_a_wrong_file_is_a_clear_error(tmp_path, text, message):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(PriorError, match=message) as error:
        get_prior(path)
    assert str(path) in str(error.value)


def test_unknown_names_and_missing_files():
    with pytest.raises(PriorError, match="did you mean 'plurel'"):
        get_prior("plurell")
    with pytest.raises(PriorError, match="no such prior file"):
        get_prior("nowhere.toml")


def test_fields_are_checked_in_python_too():
    with pytest.raises(PriorError, match="n_table"):
        SchemaPrior(n_table=dist.Normal(0.0, 1.0))
