"""Evidence of graphs against enumeration and simulation, estimates against exact sums, and what is refused."""

import dataclasses
import math
from collections import Counter
from itertools import permutations, product

import jax
import jax.numpy as jnp
import networkx
import numpy as np
import numpyro.distributions as dist
import pytest
from jax import random
from numpyro.infer import Predictive

from plurel_prob.distributions import GraphFamily
from plurel_prob.distributions.graphs import FAMILIES, edges
from plurel_prob.distributions.graphs.law import BACKWARD, DROPPED, EDGE, JOINED
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.schema import candidates as listing
from plurel_prob.inference.schema import graph_log_prob, infer_schema, small_world
from plurel_prob.inference.schema.densities import law, log_probs
from plurel_prob.inference.schema.evidence import CONTINUOUS, DISCRETE, evidence
from plurel_prob.models.graphs import random_graph
from plurel_prob.priors import GraphPrior, Prior, SchemaPrior, get_prior, override
from tests.goodness import assert_fits

EXACT = [name for name in FAMILIES if name != "RandomCauchy"]
N_SIGMA = 5  # an estimate is off by more in 6 of 10^7 cases
MARKS = {
    "ErdosRenyi": (0, EDGE, JOINED),
    "BarabasiAlbert": (0, EDGE, DROPPED),
    "WattsStrogatz": (0, EDGE, JOINED, BACKWARD),
}
LOW, HIGH = 0.1, 0.6  # of the continuous parameters


def schema_prior(max_parent=5, families=None):
    graph = GraphPrior(family=GraphFamily(families), edge_prob=dist.Uniform(LOW, HIGH), rewire_prob=dist.Uniform(LOW, HIGH))
    return SchemaPrior(n_table=dist.DiscreteUniform(2, 16), graph=graph, max_parent=max_parent)


def relabelled(edge):
    """Every labelling of a graph, once."""
    return {edge[np.ix_(order, order)].tobytes() for order in permutations(range(len(edge)))}


def canonical(edge):
    return min(relabelled(np.asarray(edge, bool)))


def classes(n):
    """Acyclic graphs up to relabelling, in topological order, with the number of their labellings."""
    found = {}
    for bits in product([False, True], repeat=n * (n - 1) // 2):
        edge = np.zeros((n, n), bool)
        edge[np.triu_indices(n, 1)] = bits
        found.setdefault(canonical(edge), edge)
    return [(edge, len(relabelled(edge))) for edge in found.values()]


def evidence_by_enumeration(family, prior, n):
    """Probability of every labelled graph: all marks, discrete parameters and nodes of a quadrature, then all permutations."""
    choices = np.array(list(product(MARKS.get(family, (0, 1)), repeat=n * (n - 1) // 2)), np.int8)
    marks = np.zeros((len(choices), n, n), np.int8)
    marks[:, *np.triu_indices(n, 1)] = choices
    node, weight = np.polynomial.legendre.leggauss(8)
    node, weight = LOW + (HIGH - LOW) * (node + 1) / 2, weight / 2
    continuous = (
        [({CONTINUOUS[family][1]: x}, w) for x, w in zip(node, weight, strict=True)] if family in CONTINUOUS else [({}, 1)]
    )
    values = {"n_neighbor": (2, 4), "depth": range(2, 9)}.get(DISCRETE.get(family, ""))
    discrete = [({DISCRETE[family]: value}, 1 / len(values)) for value in values] if values else [({}, 1)]
    ordered, total = Counter(), Counter()
    names = np.array([np.isin(mark, (EDGE, JOINED, BACKWARD)).tobytes() for mark in marks], object)
    for k, k_weight in discrete:
        # marks that are possible at one node of the quadrature are so at all
        possible = np.isfinite(log_probs(law(family, n, prior, **continuous[0][0], **k), marks))
        for x, x_weight in continuous:
            probs = np.exp(log_probs(law(family, n, prior, **x, **k), marks[possible]))
            for name, prob in zip(names[possible], probs, strict=True):
                ordered[name] += prob * x_weight * k_weight
    for name, prob in ordered.items():
        edge = np.frombuffer(name, bool).reshape(n, n)
        for order in permutations(range(n)):
            total[edge[np.ix_(order, order)].tobytes()] += prob / math.factorial(n)
    return total


@pytest.mark.parametrize("family", EXACT)
@pytest.mark.parametrize(("n", "max_parent"), [(2, 5), (3, 5), (4, 2)])
def test_evidence_is_the_sum_over_orders_marks_and_parameters(family, n, max_parent):
    prior, total = schema_prior(max_parent), 0.0
    expected = evidence_by_enumeration(family, prior, n)
    for edge, n_labelling in classes(n):
        if edge.sum(0).max() > max_parent:
            assert expected[edge.tobytes()] == 0
            continue
        shuffled = edge[::-1, ::-1]
        found = evidence(family, shuffled, prior, 0)
        assert found.is_exact
        np.testing.assert_allclose(np.exp(found.log_evidence), expected[shuffled.tobytes()], rtol=2e-5, atol=0)
        total += n_labelling * np.exp(found.log_evidence)
    np.testing.assert_allclose(total, 1, atol=2e-5)


def test_tempering_estimates_add_up_to_one():
    prior = schema_prior()
    prior = dataclasses.replace(prior, graph=dataclasses.replace(prior.graph, log_odds=dist.Cauchy(-2.0, 1.0)))
    total, variance = 0.0, 0.0
    for edge, n_labelling in classes(3):
        found = evidence("RandomCauchy", edge, prior, 1)
        part = n_labelling * np.exp(found.log_evidence)
        total, variance = total + part, variance + part**2 / max(found.ess, 1)
    assert abs(total - 1) < N_SIGMA * np.sqrt(variance)
    assert variance < 0.03**2


def test_log_prob_is_the_frequency_of_draws():
    n, n_draw, prior = 4, 5000, schema_prior(2, EXACT)
    draw = Predictive(
        lambda: random_graph(prior.graph, jnp.array(n), n, prior.max_parent), num_samples=n_draw, return_sites=["graph"]
    )
    drawn = np.asarray(edges(jax.jit(draw)(random.key(0))["graph"]))
    names = {edge.tobytes(): canonical(edge) for edge in drawn}
    counts = Counter(names[edge.tobytes()] for edge in drawn)
    probs = {}
    for edge, n_labelling in classes(n):
        graph = networkx.DiGraph(edge)
        probs[canonical(edge)] = n_labelling * np.exp(graph_log_prob(graph, Prior(schema=prior)))
    assert_fits(np.array([counts[name] for name in probs]), np.array(list(probs.values())))


GRAPHS = {
    "ErdosRenyi": [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (5, 4), (5, 6), (2, 7)],
    "BarabasiAlbert": [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 4), (1, 5), (3, 6), (0, 7)],
    "WattsStrogatz": [(0, 1), (2, 1), (2, 3), (4, 3), (4, 5), (6, 5), (6, 0), (7, 1)],
    "RandomCauchy": [(0, 1), (0, 2), (0, 3), (1, 4), (0, 4)],
}


def matrix(family):
    return networkx.to_numpy_array(networkx.DiGraph(GRAPHS[family]), nodelist=range(1 + max(map(max, GRAPHS[family])))).astype(
        bool
    )


@pytest.mark.parametrize("family", ["ErdosRenyi", "BarabasiAlbert", "WattsStrogatz"])
def test_an_estimate_agrees_with_the_exact_sum(family, monkeypatch):
    exact = evidence(family, matrix(family), schema_prior(), 0)
    monkeypatch.setattr(listing, "MAX_EXACT_TABLE", 0)
    monkeypatch.setattr(listing, "MAX_CANDIDATE", 0)
    estimate = evidence(family, matrix(family), schema_prior(), 1)
    assert exact.is_exact and not estimate.is_exact
    assert estimate.ess > 10_000
    assert abs(np.expm1(estimate.log_evidence - exact.log_evidence)) < N_SIGMA / np.sqrt(estimate.ess)


def test_estimates_from_some_of_the_orders_are_unbiased(monkeypatch):
    """Of 126 orders 100 draws, of these and their assignments of marks 2000, twenty times."""
    family, n_repeat = "WattsStrogatz", 20
    exact = evidence(family, matrix(family), schema_prior(), 0)
    monkeypatch.setattr(listing, "MAX_EXACT_TABLE", 0)
    monkeypatch.setattr(listing, "MAX_ORDER", 100)
    monkeypatch.setattr(listing, "MAX_CANDIDATE", 0)
    monkeypatch.setattr(small_world, "N_SAMPLE", 2000)
    estimates = [evidence(family, matrix(family), schema_prior(), seed) for seed in range(n_repeat)]
    ratio = np.exp([estimate.log_evidence - exact.log_evidence for estimate in estimates])
    assert max(estimate.ess for estimate in estimates) < 1000
    assert ratio.std() / np.sqrt(n_repeat) < 0.1
    assert abs(ratio.mean() - 1) < N_SIGMA * ratio.std() / np.sqrt(n_repeat)


def test_tempering_agrees_with_draws_of_the_prior():
    """The density of all orders and joins, averaged over draws of the parameters."""
    prior, edge, n_draw = schema_prior(), matrix("RandomCauchy"), 2048
    found = evidence("RandomCauchy", edge, prior, 0)
    (branch,), rng = found.branches, np.random.default_rng(0)
    given, n = branch.candidates, len(edge)
    which = rng.choice(len(given), p=np.exp(given.log_weight) / np.exp(given.log_weight).sum(), size=40 * n_draw)
    logits = (
        rng.standard_cauchy((len(which), 1, 1))
        + rng.standard_cauchy((len(which), n, 1))
        + rng.standard_cauchy((len(which), 1, n))
    )
    mark = given.mark[which]
    coins = np.where(mark == 1, -np.logaddexp(0, -logits), -np.logaddexp(0, logits))[:, *np.triu_indices(n, 1)].sum(1)
    zero = {"log_odds": 0.0, "as_cause": np.zeros(8), "as_effect": np.zeros(8)}
    joins = log_probs(law("RandomCauchy", n, prior, **zero), given.mark) + n * (n - 1) / 2 * np.log(2)
    weight = np.exp(coins + joins[which]) * np.exp(given.log_weight).sum() / math.factorial(n)
    error = np.hypot(weight.std() / np.sqrt(len(weight)), weight.mean() / np.sqrt(found.ess))
    assert abs(np.exp(found.log_evidence) - weight.mean()) < N_SIGMA * error
    assert error < 0.1 * weight.mean()


@pytest.fixture(scope="module")
def inferred():
    graph = networkx.DiGraph([("users", "posts"), ("users", "votes"), ("posts", "votes"), ("users", "tags"), ("posts", "tags")])
    return graph, infer_schema(graph, Prior(schema=schema_prior()), n_draw=4000, seed=3)


def test_draws_follow_the_evidence(inferred):
    graph, tree = inferred
    stats, posterior = tree["sample_stats"].to_dataset(), tree["posterior"].to_dataset().squeeze("chain")
    names, place = stats["family"].values, posterior["place"].values
    probs = stats["posterior_prob"].values
    np.testing.assert_allclose(probs, np.exp(stats["log_evidence"] - stats["log_evidence_total"]) / len(names), rtol=1e-6)
    assert_fits(np.bincount(posterior["family"], minlength=len(names)), probs)
    table = list(graph.nodes)
    assert all((place[:, table.index(a)] < place[:, table.index(b)]).all() for a, b in graph.edges)
    assert (np.sort(place, axis=1) == np.arange(4)).all()
    votes = (place[:, table.index("votes")] < place[:, table.index("tags")]).sum()
    assert_fits(np.array([votes, len(place) - votes]), np.array([0.5, 0.5]))  # they refer to the same tables
    for name, family in {"edge_prob": "ErdosRenyi", "rewire_prob": "WattsStrogatz", "log_odds": "RandomCauchy"}.items():
        np.testing.assert_array_equal(np.isfinite(posterior[name]), names[posterior["family"]] == family)


def test_parameters_follow_their_density(inferred):
    """ErdosRenyi without bridges: five coins of six are a success."""
    _, tree = inferred
    value = tree.posterior["edge_prob"].values.reshape(-1)
    value = value[np.isfinite(value)]
    log_likelihood = tree["log_likelihood"]["graph"].values.reshape(-1)[
        np.isfinite(tree.posterior["edge_prob"].values.reshape(-1))
    ]
    grid = np.linspace(LOW, HIGH, 20_001)
    success = 1 - (1 - grid) ** 2
    density = success**5 * (1 - success)
    share = np.interp(np.quantile(value, [0.1, 0.5, 0.9]), grid, np.cumsum(density) / density.sum())
    assert len(value) > 200
    assert (np.abs(share - [0.1, 0.5, 0.9]) < N_SIGMA * 0.5 / np.sqrt(len(value))).all()
    success = 1 - (1 - value) ** 2
    expected = np.log(success**5 * (1 - success) * 2 / 24)  # two orders, of which 24 labellings
    np.testing.assert_allclose(log_likelihood, expected, rtol=1e-4)


def test_predicted_graphs_are_of_the_drawn_family(inferred):
    _, tree = inferred
    predicted, names = tree["posterior_predictive"].to_dataset().squeeze("chain"), tree["sample_stats"]["family"].values
    family = names[tree.posterior["family"].values.reshape(-1)]
    edge = predicted["graph"].values
    some = np.random.default_rng(0).choice(len(edge), 200, replace=False)
    for draw in some:
        graph = networkx.DiGraph(edge[draw])
        row = predicted.isel(draw=draw)
        assert int(row["n_edge"]) == graph.number_of_edges()
        assert int(row["max_parent"]) == max(dict(graph.in_degree).values())
        assert int(row["depth"]) == networkx.dag_longest_path_length(graph) + 1
        assert int(row["n_root"]) == sum(degree == 0 for _, degree in graph.in_degree)
        assert int(row["n_component"]) == networkx.number_weakly_connected_components(graph) == 1
        assert family[draw] != "BarabasiAlbert" or int(row["n_root"]) == 1
    assert int(tree["observed_data"]["n_edge"]) == 5
    assert int(tree["observed_data"]["depth"]) == 3


def test_what_cannot_be_is_refused():
    cycle = networkx.DiGraph([("a", "b"), ("b", "c"), ("c", "a")])
    with pytest.raises(DatabaseError, match="a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c"):
        infer_schema(cycle)
    with pytest.raises(DatabaseError, match="a -> a"):
        graph_log_prob(networkx.DiGraph([("a", "a"), ("a", "b")]))
    with pytest.raises(DatabaseError, match=r"2 table\(s\); the prior allows 3 to 20"):
        infer_schema(networkx.DiGraph([("a", "b")]))
    hub = networkx.DiGraph([(f"parent_{i}", "hub") for i in range(6)])
    with pytest.raises(DatabaseError, match='table hub refers to 6 tables, and the prior allows 5.*"plurel-untruncated"'):
        infer_schema(hub)
    assert graph_log_prob(hub) == -np.inf
    assert np.isclose(graph_log_prob(hub, "plurel-untruncated"), -np.log(3) - 5 * np.log(7) + np.log(1 / 7), atol=1e-5)
    pieces = networkx.DiGraph([("a", "b"), ("c", "d")])
    with pytest.raises(DatabaseError, match="tables fall into 2 groups that no key joins"):
        infer_schema(pieces)
    trees = override(get_prior("plurel"), {"schema": {"graph": {"family": {"GraphFamily": ["RandomTree"]}}}})
    with pytest.raises(DatabaseError, match="probability 0 under every family"):
        infer_schema(networkx.DiGraph([("a", "b"), ("a", "c"), ("b", "c")]), trees)
    assert graph_log_prob(pieces) == -np.inf
