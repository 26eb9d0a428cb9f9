"""The evidence of one family for a graph, and its posterior of parameters and orders."""

import math
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Int, Int8
from numpyro.distributions import Distribution

from plurel_prob.distributions import FAMILIES
from plurel_prob.inference.schema import independent_edges, preferential_attachment, small_world, trees
from plurel_prob.inference.schema.candidates import Candidates, draw_from, effective_size, log_sum
from plurel_prob.inference.schema.densities import law, log_probs, static_size
from plurel_prob.inference.schema.quadrature import Monomials, QuadratureRule
from plurel_prob.inference.schema.tempering import Particles, temper
from plurel_prob.priors import GraphPrior, SchemaPrior
from plurel_prob.priors.fields import support_bounds, upper_bound

DISCRETE = {"WattsStrogatz": "n_neighbor", "Layered": "depth"}  # the parameter that is summed over
CONTINUOUS = {"ErdosRenyi": ("edge_prob", "prob"), "WattsStrogatz": ("rewire_prob", "rewire_prob")}  # field, name in the law
ORDERED = {
    "ErdosRenyi": independent_edges.candidates,
    "RandomCauchy": independent_edges.candidates,
    "BarabasiAlbert": preferential_attachment.candidates,
    "RandomTree": trees.tree_candidates,
    "ReverseRandomTree": trees.reverse_tree_candidates,
    "Layered": trees.layered_candidates,
}


@dataclass(frozen=True)
class Branch:
    """A family with its discrete parameter fixed.

    Attributes:
        discrete: the parameter, by the name of the prior's field; empty where the family has none.
        log_prior: log probability of it.
        candidates: orders and marks of positive weight.
        log_term: log of weight times density, over ``n!``; for a family with a continuous parameter without its powers.
        power: powers of :class:`Monomials`.
    """

    discrete: dict[str, int]
    log_prior: float
    candidates: Candidates
    log_term: Float[np.ndarray, " candidate"]
    power: Int[np.ndarray, "candidate 2"]


@dataclass(frozen=True)
class Posterior:
    """Draws within one family: parameters by name, orders, marks, and the log likelihood at the parameters."""

    parameter: dict[str, np.ndarray]
    order: Int[np.ndarray, "draw place"]
    mark: Int8[np.ndarray, "draw place place"]
    log_likelihood: Float[np.ndarray, " draw"]


@dataclass(frozen=True)
class Evidence:
    r"""What one family says about a graph: :math:`\log p(E \mid n, \text{family})`, and what it was computed from.

    Attributes:
        family: its name.
        log_evidence: marginal over parameters, marks and orders.
        ess: effective sample size of an estimate; for an exact sum, the number of its terms.
        is_exact: the sum has all its terms; integrals over one parameter are by quadrature.
        branches: the family with each value of its discrete parameter.
        rule: quadrature over its continuous parameter, if there is one.
        particles: posterior of the parameters of RandomCauchy.
    """

    family: str
    log_evidence: float
    ess: float
    is_exact: bool
    branches: list[Branch] = field(default_factory=list)
    rule: QuadratureRule | None = None
    particles: Particles | None = None

    def draw(self, rng: np.random.Generator, size: int) -> Posterior:
        """Independent draws from the posterior of parameters, order and marks, given the family."""
        if self.particles is not None:
            return _draw_particles(self, self.particles, rng, size)
        log_branch = np.array([_log_evidence(self.family, branch, self.rule) for branch in self.branches])
        which = draw_from(log_branch, rng, size)
        parameter = {name: np.full(size, np.nan) for name in _names(self.family)}
        n_place = self.branches[0].candidates.mark.shape[1]
        order, mark, log_likelihood = np.zeros((size, n_place), int), np.zeros((size, n_place, n_place), np.int8), np.zeros(size)
        for index, branch in enumerate(self.branches):
            draw = np.flatnonzero(which == index)
            if len(draw):
                for name, value in branch.discrete.items():
                    parameter[name][draw] = value
                values, chosen, log_likelihood[draw] = _draw_branch(self.family, branch, self.rule, rng, len(draw))
                if values is not None:
                    parameter[CONTINUOUS[self.family][0]][draw] = values
                order[draw], mark[draw] = branch.candidates.draw(chosen, rng)
        return Posterior(parameter, order, mark, log_likelihood)


def evidence(family: str, edge: Bool[np.ndarray, "parent child"], prior: SchemaPrior, seed: int) -> Evidence:
    """Compute or estimate the evidence of a family for a graph that respects the prior's limit on parents."""
    rng, n = np.random.default_rng([seed, list(FAMILIES).index(family)]), len(edge)
    if family == "RandomCauchy":
        return _tempered(edge, prior, rng)
    rule = QuadratureRule.of(getattr(prior.graph, CONTINUOUS[family][0])) if family in CONTINUOUS else None
    candidates = None if family == "WattsStrogatz" else ORDERED[family](edge, rng)
    branches = []
    for discrete, log_prior in _discrete(family, prior.graph):
        given = candidates if candidates is not None else _small_world(edge, discrete["n_neighbor"], prior, rule, rng)
        at = partial(law, family, n, prior, **discrete)
        if rule is not None:
            name = CONTINUOUS[family][1]
            read = Monomials.read(family, lambda x, at=at, name=name: at(**{name: x}), given.mark)  # type: ignore[misc]
            log_value, power = read.log_constant, read.power
        else:
            log_value, power = log_probs(at(), given.mark), np.zeros((len(given), 2), int)
        kept = np.isfinite(log_value)
        log_term = (log_value + given.log_weight)[kept] - math.lgamma(n + 1)
        branches.append(Branch(discrete, log_prior, given.keep(kept), log_term, power[kept]))
    return _gather(family, branches, rule)


def _gather(family: str, branches: list[Branch], rule: QuadratureRule | None) -> Evidence:
    log_branch = np.array([_log_evidence(family, branch, rule) for branch in branches])
    log_terms = np.concatenate([_log_terms(family, branch, rule) + branch.log_prior for branch in branches])
    is_exact = all(branch.candidates.is_exact for branch in branches)
    if is_exact:
        ess = float(len(log_terms))
    else:
        sizes = effective_size(log_terms), min(branch.candidates.order_ess for branch in branches)
        ess = 1 / sum(1 / size for size in sizes) if min(sizes) else 0.0
    return Evidence(family, float(log_sum(log_branch)), ess, is_exact, branches, rule)


def _discrete(family: str, prior: GraphPrior) -> list[tuple[dict[str, int], float]]:
    """Values of the family's discrete parameter and their log probabilities."""
    if family not in DISCRETE:
        return [({}, 0.0)]
    name = DISCRETE[family]
    law: Distribution = getattr(prior, name)
    value = np.arange(int(support_bounds(law)[0]), upper_bound(law) + 1)
    log_prior = np.asarray(law.log_prob(value), np.float64)
    log_prior -= log_sum(log_prior)
    return [({name: int(v)}, float(p)) for v, p in zip(value, log_prior, strict=True) if np.isfinite(p)]


def _small_world(
    edge: np.ndarray, n_neighbor: int, prior: SchemaPrior, rule: QuadratureRule | None, rng: np.random.Generator
) -> Candidates:
    assert rule is not None
    typical = float(np.exp(rule.log_weight) @ rule.node)
    max_parent, max_slot = min(prior.max_parent, upper_bound(prior.n_table)), upper_bound(prior.graph.n_neighbor) // 2
    return small_world.candidates(edge, small_world.Lattice(n_neighbor, max_slot, max_parent, typical), rng)


def _log_terms(family: str, branch: Branch, rule: QuadratureRule | None) -> Float[np.ndarray, " candidate"]:
    """Log of every candidate's part of the branch's evidence, the continuous parameter integrated out."""
    if rule is None or not len(branch.candidates):
        return branch.log_term
    power, group = np.unique(branch.power, axis=0, return_inverse=True)
    return (
        branch.log_term + rule.log_mean(Monomials(family, np.zeros(len(power)), power).log_values(rule.node))[group.reshape(-1)]
    )


def _log_evidence(family: str, branch: Branch, rule: QuadratureRule | None) -> float:
    return branch.log_prior + float(log_sum(_log_terms(family, branch, rule)))


def _draw_branch(
    family: str, branch: Branch, rule: QuadratureRule | None, rng: np.random.Generator, size: int
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """Draw the continuous parameter (none: ``None``) and candidates; return the log likelihoods at the parameters too."""
    if rule is None:
        return None, draw_from(branch.log_term, rng, size), np.full(size, log_sum(branch.log_term))
    of_candidate = Monomials(family, branch.log_term, branch.power)
    total = of_candidate.collect(np.zeros(len(branch.log_term)))
    power, group = np.unique(branch.power, axis=0, return_inverse=True)
    value = rule.draw(log_sum(total.log_values(rule.node), 0), rng, size)
    at_value = total.log_values(value)
    chosen = np.zeros(size, int)
    monomial = np.array([draw_from(column, rng, 1)[0] for column in at_value.T])
    for index in range(len(power)):
        member, draw = np.flatnonzero(group.reshape(-1) == index), np.flatnonzero(monomial == index)
        chosen[draw] = member[draw_from(branch.log_term[member], rng, len(draw))]
    return value, chosen, log_sum(at_value, 0)


def _tempered(edge: np.ndarray, prior: SchemaPrior, rng: np.random.Generator) -> Evidence:
    n = len(edge)
    given = independent_edges.candidates(edge, rng)
    none = np.zeros(static_size(n, prior))
    at_zero = {"log_odds": 0.0, "as_cause": none, "as_effect": none}  # odds are finite: what is possible here always is
    given = given.keep(np.isfinite(log_probs(law("RandomCauchy", n, prior, **at_zero), given.mark)))
    if not len(given):
        return Evidence("RandomCauchy", -np.inf, 0.0, given.is_exact)
    particles = temper(given, n, prior, int(rng.integers(2**31)))
    log_evidence = particles.log_mean + float(log_sum(given.log_weight)) - math.lgamma(n + 1)
    branch = Branch({}, 0.0, given, given.log_weight, np.zeros((len(given), 2), int))
    return Evidence("RandomCauchy", log_evidence, particles.ess, False, [branch], None, particles)


def _draw_particles(of: Evidence, particles: Particles, rng: np.random.Generator, size: int) -> Posterior:
    """Particles at random; their likelihood is that of the family, since the one at parameters sums over all orders."""
    index = rng.integers(len(particles.candidate), size=size)
    parameter = {name: value[index] for name, value in particles.parameter.items()}
    order, mark = of.branches[0].candidates.draw(particles.candidate[index], rng)
    return Posterior(parameter, order, mark, np.full(size, of.log_evidence))


def _names(family: str) -> list[str]:
    """Fields of the prior that are parameters of the family."""
    continuous, _ = CONTINUOUS.get(family, (None, None))
    return [name for name in (DISCRETE.get(family), continuous) if name is not None]
