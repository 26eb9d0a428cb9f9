"""Log probability of single children, and degrees of new keys, given draws from a posterior."""

from collections.abc import Iterator

import numpy as np

from plurel_prob.inference.links.key import ObservedLinks, base_size, run_length
from plurel_prob.inference.links.posterior import Component
from plurel_prob.inference.links.structures import cells, n_parent_base

STATISTICS = ("childless", "mean_positive", "variance_to_mean", "max", "gini", "q50", "q90", "q99", "mutual_information")
PROBABILITIES = (*(i / 20 for i in range(20)), 0.98, 0.99, 0.995, 0.999, 1.0)  # of the quantiles of degrees that are kept
N_TENTH = 10


def pointwise(key: ObservedLinks, component: Component, index: np.ndarray) -> np.ndarray:
    r"""Log probability of some links, shape ``(draw, link)``; ``index`` counts links.

    Given alpha, links within a base cluster are not independent: what is returned then is
    :math:`\log p(y_i \mid y_{-i}, \alpha, \Lambda)`, exact, with alpha's Dirichlet probabilities integrated out. Since
    :math:`p(\theta \mid y_{-i}) \propto p(\theta \mid y) / p(y_i \mid y_{-i}, \theta)`, it is what importance sampling needs
    to leave out one link (Bürkner, Gabry and Vehtari, 2021, arXiv:1810.10559): weights correct the parameters only, so
    nothing is corrected twice. With a probability for every parent as a parameter they would be far too heavy-tailed, since
    many parents have one child.
    """
    child, parent, layout = key.child[index], key.parent[index], component.layout
    level = component.affinity.shape[1]
    parent_digit = cells(layout, parent, key.n_parent, 0, level)
    child_digit = cells(layout, child, key.n_child, 1, level)
    log_affinity = np.log(component.affinity)
    result = sum(log_affinity[:, i, parent_digit[i], child_digit[i]] for i in range(level))
    result = result - np.stack([log_total(a, key, component)[tuple(child_digit)] for a in component.affinity])
    if component.alpha is not None:
        n_base = n_parent_base(layout)
        run = run_length(key.n_parent, n_base)
        base, alpha = parent // run, component.alpha[:, None]
        size, n_link = (of_base[base] for of_base in key.bases(n_base))
        result += np.log(size * (key.degree[parent] - 1 + alpha)) - np.log(n_link - 1 + size * alpha)
    return result


def cell_size(key: ObservedLinks, component: Component) -> np.ndarray:
    """Parent rows of every cell, one axis an active level."""
    level, k = component.affinity.shape[1:3]
    digit = cells(component.layout, np.arange(key.n_parent), key.n_parent, 0, level)
    return np.bincount(np.ravel_multi_index(tuple(digit), (k,) * level), minlength=k**level).reshape((k,) * level)


def log_total(affinity: np.ndarray, key: ObservedLinks, component: Component) -> np.ndarray:
    """Log of the total weight of all parents, for every cell of children."""
    total = cell_size(key, component).astype(np.float64)
    for one in affinity:
        total = np.tensordot(total, one, axes=(0, 0))
    return np.log(total)


def replicates(key: ObservedLinks, component: Component, draws: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Links of new keys by tenth of the children and parent row, shape ``(tenth, parent)``, for some draws.

    New keys have the same rows and the same missing keys. With popularity, parents have new Dirichlet probabilities.
    """
    level, k = component.affinity.shape[1:3]
    shape = (k,) * level
    child_cell = np.ravel_multi_index(tuple(cells(component.layout, key.child, key.n_child, 1, level)), shape)
    parent_cell = np.ravel_multi_index(tuple(cells(component.layout, np.arange(key.n_parent), key.n_parent, 0, level)), shape)
    size = np.bincount(parent_cell, minlength=k**level)
    group, n_group = np.unique(tenth(key.child, key.n_child) * k**level + child_cell, return_counts=True)
    members = {cell: np.flatnonzero(parent_cell == cell) for cell in np.unique(parent_cell)}
    filled = np.array(list(members))
    digit = np.array(np.unravel_index(np.arange(k**level), shape))
    for draw in draws.tolist():
        affinity = component.affinity[draw]
        weight = np.ones((len(group), len(filled)))
        for i in range(level):
            weight *= affinity[i][digit[i, filled][None, :], digit[i, group % k**level][:, None]]
        weight *= size[filled]
        n_link = np.zeros((N_TENTH, len(filled)), np.int64)
        np.add.at(n_link, group // k**level, rng.multinomial(n_group, weight / weight.sum(1, keepdims=True)))
        share = member_share(key, component, draw, rng)
        result = np.zeros((N_TENTH, key.n_parent), np.int64)
        for column, rows in enumerate(members.values()):
            result[:, rows] = rng.multinomial(n_link[:, column], share[rows] / share[rows].sum())
        yield result


def member_share(key: ObservedLinks, component: Component, draw: int, rng: np.random.Generator) -> np.ndarray:
    """Probability of every parent row, up to a constant for each cell: uniform, or Dirichlet within base clusters."""
    if component.alpha is None:
        return np.ones(key.n_parent)
    n_base = n_parent_base(component.layout)
    run, alpha = run_length(key.n_parent, n_base), component.alpha[draw]
    # logarithms of gamma variables, since small alphas underflow
    log_gamma = np.log(rng.gamma(alpha + 1, size=key.n_parent)) + np.log1p(-rng.random(key.n_parent)) / alpha
    first, base = np.arange(0, key.n_parent, run), np.arange(key.n_parent) // run
    gamma = np.exp(log_gamma - np.maximum.reduceat(log_gamma, first)[base])
    return gamma / np.add.reduceat(gamma, first)[base] * base_size(key.n_parent, n_base)[base]


def tenth(row: np.ndarray, n_row: int) -> np.ndarray:
    """Which tenth of the rows a row is in."""
    return row * N_TENTH // n_row


def statistics(links: np.ndarray) -> np.ndarray:
    """Statistics of links by tenth of the children and parent row, in the order of ``STATISTICS``.

    Share of parents without children; mean children of the others; variance, over mean, of children a parent; their maximum;
    Gini coefficient; quantiles; mutual information between the tenths of child and parent, in nats.
    """
    degree = np.sort(links.sum(0)).astype(np.float64)
    n_parent, n_link = len(degree), degree.sum()
    gini = 2 * (np.arange(1, n_parent + 1) * degree).sum() / (n_parent * n_link) - (n_parent + 1) / n_parent
    joint = np.zeros((N_TENTH, N_TENTH))
    np.add.at(joint.T, tenth(np.arange(n_parent), n_parent), links.T)
    joint /= n_link
    product = joint.sum(1, keepdims=True) * joint.sum(0)
    information = (joint[joint > 0] * np.log(joint[joint > 0] / product[joint > 0])).sum()
    quantiles = np.quantile(degree, (0.5, 0.9, 0.99), method="inverted_cdf")
    spread = degree.var() / degree.mean()
    return np.array([(degree == 0).mean(), degree[degree > 0].mean(), spread, degree[-1], gini, *quantiles, information])


def degree_quantiles(links: np.ndarray) -> np.ndarray:
    """Quantiles of children a parent, at ``PROBABILITIES``."""
    return np.quantile(links.sum(0), PROBABILITIES, method="inverted_cdf")


def observed_links(key: ObservedLinks) -> np.ndarray:
    """Links of the key itself by tenth of the children and parent row."""
    links = np.zeros((N_TENTH, key.n_parent), np.int64)
    np.add.at(links, (tenth(key.child, key.n_child), key.parent), 1)
    return links
