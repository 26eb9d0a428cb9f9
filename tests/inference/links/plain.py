"""The laws once more, row by row."""

from dataclasses import replace
from itertools import product

import numpy as np
import numpyro.distributions as dist

from plurel_prob import get_prior
from plurel_prob.priors import LinkPrior

ALL = [np.array(rows) for rows in product(range(3), repeat=3)]  # every key of 3 children and 3 parents
LINKS = LinkPrior(
    n_level=dist.DiscreteUniform(1, 2),
    n_cluster=dist.DiscreteUniform(1, 2),
    affinity=dist.Uniform(0.05, 0.4),
    matching_affinity=0.9,
)
PRIOR = replace(get_prior("plurel"), links=LINKS)


def clusters(row, n_row, n_cluster):
    """Cluster of a row on every level."""
    base = row // -(-n_row // int(np.prod(n_cluster)))
    digits = []
    for k in reversed(n_cluster):
        digits.append(base % k)
        base //= k
    return digits[::-1]


def block_probs(n_parent, n_child, n_parent_cluster, n_child_cluster, affinity):
    """Probability of every parent (second axis) for every child under the block model."""
    of_parent = np.array([clusters(row, n_parent, n_parent_cluster) for row in range(n_parent)])
    of_child = np.array([clusters(row, n_child, n_child_cluster) for row in range(n_child)])
    weight = np.ones((n_child, n_parent))
    for level, of_pair in enumerate(np.asarray(affinity)):
        weight *= of_pair[of_parent[:, level]][:, of_child[:, level]].T
    return weight / weight.sum(1, keepdims=True)


def block_log_prob(parent_row, n_parent, n_parent_cluster, n_child_cluster, affinity):
    """Log probability of every child's parent under the block model; 0 for missing keys."""
    probs = block_probs(n_parent, len(parent_row), n_parent_cluster, n_child_cluster, affinity)
    return np.where(parent_row >= 0, np.log(probs[np.arange(len(parent_row)), parent_row]), 0.0)


def urn_log_prob(parent_row, n_parent, n_base, alpha):
    """Log probability of the members, child after child, given their base clusters."""
    run = -(-n_parent // n_base)
    degree, result = np.zeros(n_parent), 0.0
    for parent in parent_row:
        members = slice(parent // run * run, min((parent // run + 1) * run, n_parent))
        urn = degree[members] + alpha
        result += np.log(urn[parent % run] / urn.sum())
        degree[parent] += 1
    return result
