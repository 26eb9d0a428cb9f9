"""What is upstream of a given graph comes from its posterior."""

import itertools

import jax.numpy as jnp
import networkx as nx
import numpy as np
import pytest

from plurel_prob import get_prior
from plurel_prob.conditioning import graphs as conditioning
from plurel_prob.conditioning.graphs import posterior_of_graph
from plurel_prob.distributions import FAMILIES
from plurel_prob.distributions.graphs import edges
from plurel_prob.inference.schema.densities import draw_graphs, law, log_probs
from plurel_prob.inference.schema.infer import weigh_families
from plurel_prob.priors import override
from tests.goodness import assert_fits

N_DRAW = 200
TYPICAL = {
    "ErdosRenyi": {"prob": 0.5},
    "WattsStrogatz": {"n_neighbor": 2, "rewire_prob": 0.2},
    "Layered": {"depth": 3},
    "RandomCauchy": {"log_odds": 0.0, "as_cause": np.zeros(6), "as_effect": np.zeros(6)},
}
FIELDS = {"ErdosRenyi": {"edge_prob": "prob"}, "RandomCauchy": dict.fromkeys(["log_odds", "as_cause", "as_effect"])}


def prior_of(families):
    return override(
        get_prior("plurel"), {"schema": {"n_table": {"DiscreteUniform": [2, 6]}, "graph": {"family": {"GraphFamily": families}}}}
    ).schema


def graph_of(edge):
    return nx.relabel_nodes(nx.from_numpy_array(edge, create_using=nx.DiGraph), "table_{}".format)


@pytest.mark.parametrize("family", FAMILIES)
def test_draws_give_the_graph_and_are_possible(family):
    prior = prior_of([family])
    typical = {name: np.array([value] * 3) for name, value in TYPICAL.get(family, {}).items()}
    for seed, edge in enumerate(draw_graphs(family, 5, prior, typical, 3, 0)):
        label = np.random.default_rng(seed).permutation(5)
        edge = edge[np.ix_(label, label)]
        drawn = posterior_of_graph(graph_of(edge), prior, seed)
        assert drawn.pop("n_table") == 5 and list(FAMILIES)[drawn.pop("family")] == family
        mark, order = drawn.pop("graph"), drawn.pop("label")
        np.testing.assert_array_equal(edges(jnp.asarray(mark)), edge[np.ix_(order, order)])
        names = {field: name or field for field, name in FIELDS.get(family, {}).items()}
        arguments = {names.get(field, field): np.append(value, 0) if value.ndim else value for field, value in drawn.items()}
        assert np.isfinite(log_probs(law(family, 5, prior, **arguments), mark[None])).all()


def test_families_orders_and_marks_follow_their_joint_law(monkeypatch):
    """Against enumeration: a path of three tables, families without continuous parameters."""
    families = ["BarabasiAlbert", "RandomTree", "ReverseRandomTree", "Layered"]
    prior, edge = prior_of(families), np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0]], bool)
    graph = graph_of(edge)
    probs = {}
    every = np.zeros((125, 3, 3), np.int8)
    every[:, *np.triu_indices(3, 1)] = list(itertools.product(range(5), repeat=3))
    is_edge = np.isin(every, [1, 3, 4])
    for family, order in itertools.product(families, itertools.permutations(range(3))):
        mark = every[(is_edge == edge[np.ix_(order, order)]).all((1, 2))]
        for depth in range(2, 9) if family == "Layered" else [None]:
            log_prob = log_probs(law(family, 3, prior, **({"depth": depth} if depth else {})), mark)
            for one, value in zip(mark[np.isfinite(log_prob)], log_prob[np.isfinite(log_prob)], strict=True):
                probs[family, order, one.tobytes(), depth] = np.exp(value) / (7 if depth else 1)
    total = sum(probs.values())
    counts = dict.fromkeys(probs, 0)
    weighed = weigh_families(graph, prior, 0)
    assert all(one.is_exact for one in weighed[1])  # sums that no seed changes, so that they are computed once
    monkeypatch.setattr(conditioning, "weigh_families", lambda *_: weighed)
    for seed in range(N_DRAW):
        drawn = posterior_of_graph(graph, prior, seed)
        depth = int(drawn["depth"]) if "depth" in drawn else None
        counts[list(FAMILIES)[int(drawn["family"])], tuple(drawn["label"].tolist()), drawn["graph"].tobytes(), depth] += 1
    assert len(probs) > 5
    assert_fits(np.array(list(counts.values())), np.array([probs[key] for key in counts]) / total)
