r"""The exact posterior over directed acyclic graphs on up to eight nodes, from a score of every node and set of causes.

.. math:: P(G) \propto \prod_i \exp s_i(\text{pa}_G(i))

A graph peels into layers (Kuipers and Moffa, 2015, Partition MCMC, arXiv:1504.05006): the first has the nodes without causes,
and every node of a later layer has a cause in the layer just before and all its causes in layers before. A graph has one
sequence of layers, so sums over sequences count each graph once and have positive terms only. With L the last layer and S all
nodes so far, the next layer N is any set of other nodes, with weight

.. math:: \prod_{i \in N} B_i(L, S), \qquad B_i(L, S) = \sum_{T \subseteq S,\; T \cap L \ne \emptyset} e^{s_i(T)} .

Sets are bit masks. Everything is a logarithm in float64; there are 4^n triples (L, S, N) at most.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

MAX_NODE = 8
MAX_CAUSE = 4  # of a node, as in the compact prior


class Steps(NamedTuple):
    """All ways to add a layer, ordered by the size of S, largest last."""

    last: Int[np.ndarray, " step"]
    seen: Int[np.ndarray, " step"]
    added: Int[np.ndarray, " step"]


def log_structure_prior(n_node: int) -> Float[np.ndarray, "node set"]:
    r"""Log weight of a node's causes: :math:`1 / \binom{n-1}{k}` for k causes, none for more than four, or for itself.

    Sizes of a node's set of causes are a priori alike (Friedman and Koller, 2003), before acyclicity is asked for.
    """
    from math import comb, log

    is_member = membership(n_node)
    size = is_member.sum(axis=1)
    of_size = np.array([-log(comb(n_node - 1, k)) if k <= min(MAX_CAUSE, n_node - 1) else -np.inf for k in range(n_node + 1)])
    return np.where(is_member.T, -np.inf, of_size[size])


def membership(n_node: int) -> Bool[np.ndarray, "set node"]:
    """Whether each set has each node."""
    return (np.arange(2**n_node)[:, None] >> np.arange(n_node)) & 1 == 1


@dataclass(frozen=True)
class GraphPosterior:
    """A law of directed acyclic graphs.

    Attributes:
        score: log weight of every node's set of causes; minus infinity where the set has the node.
    """

    score: Float[np.ndarray, "node set"]

    @property
    def n_node(self) -> int:
        """Nodes of a graph."""
        return len(self.score)

    @cached_property
    def log_evidence(self) -> float:
        """Log of the sum of all graphs' weights."""
        return float(self._to_go[0, 0])

    def log_weight(self, edge: Bool[np.ndarray, "cause effect"]) -> Float[np.ndarray, " node"]:
        """Scores of the nodes of a graph."""
        return self.score[np.arange(self.n_node), causes_of(edge)]

    @cached_property
    def edge_prob(self) -> Float[np.ndarray, "cause effect"]:
        """Exact probability of every edge."""
        n, steps = self.n_node, self._steps
        size = 2**n
        log_prob = self._from_start[steps.last, steps.seen] + self._step_weight + self._to_go[steps.added, self._after]
        prob = np.exp(log_prob - self.log_evidence)
        result = np.zeros((n, n))
        for node in range(n):
            is_here = (steps.added >> node) & 1 == 1
            at_place = np.bincount(
                (steps.last * size + steps.seen)[is_here], prob[is_here], minlength=size * size
            )  # P(node is added after layer L of S)
            for place in map(int, np.flatnonzero(at_place)):
                set_prob = np.exp(self._set_scores(node, place // size, place % size) - self._layer_score[node].flat[place])
                result[:, node] += at_place[place] * (set_prob @ self._is_member)
        return np.minimum(result, 1.0)  # sums may exceed it in the last bits

    def sample(self, rng: np.random.Generator, n_draw: int) -> Bool[np.ndarray, "draw cause effect"]:
        """Draw graphs, independent and exact."""
        result = np.zeros((n_draw, self.n_node, self.n_node), bool)
        weight = self._step_weight + self._to_go[self._steps.added, self._after]
        steps_of: dict[tuple[int, int], np.ndarray] = {}
        for edge in result:
            last = seen = 0
            while seen != 2**self.n_node - 1:
                if (last, seen) not in steps_of:
                    steps_of[last, seen] = np.flatnonzero((self._steps.last == last) & (self._steps.seen == seen))
                choice = steps_of[last, seen]
                added = int(self._steps.added[choice[_draw(rng, weight[choice])]])
                for node in map(int, np.flatnonzero(self._is_member[added])):
                    edge[:, node] = self._is_member[_draw(rng, self._set_scores(node, last, seen))]
                last, seen = added, seen | added
        return result

    def _set_scores(self, node: int, last: int, seen: int) -> Float[np.ndarray, " set"]:
        """Scores of the sets of causes that a node may have that comes after ``last``, the newest of ``seen``."""
        causes = np.arange(2**self.n_node)
        is_allowed = (causes & ~seen == 0) & ((causes & last != 0) | (seen == 0))
        return np.where(is_allowed, self.score[node], -np.inf)

    @cached_property
    def _is_member(self) -> Bool[np.ndarray, "set node"]:
        return membership(self.n_node)

    @cached_property
    def _layer_score(self) -> Float[np.ndarray, "node last seen"]:
        r""":math:`\log B_i(L, S)`: sets that have the lowest node of L, and those that do not but meet the rest."""
        n, size = self.n_node, 2**self.n_node
        causes = np.arange(size)
        having = np.where(self._is_member.T[None], self.score[:, None], -np.inf)  # (node, cause, set of causes)
        for node in range(n):  # sum over subsets, one node after another
            with_node = causes[(causes >> node) & 1 == 1]
            having[:, :, with_node] = np.logaddexp(having[:, :, with_node], having[:, :, with_node ^ (1 << node)])
        result = np.full((n, size, size), -np.inf)
        for last in range(1, size):
            low = last & -last
            seen = causes[causes & last == last]
            rest = result[:, last ^ low, seen ^ low]
            result[:, last, seen] = np.logaddexp(having[:, low.bit_length() - 1, seen], rest)
        result[:, 0, 0] = self.score[:, 0]  # the first layer has no causes
        return result

    @cached_property
    def _steps(self) -> Steps:
        n = self.n_node
        place = (np.arange(4**n)[:, None] >> (2 * np.arange(n))) & 3  # of each node: not seen, added, last, or before
        bit = 1 << np.arange(n)
        last, added, before = ((place == k) @ bit for k in (2, 1, 3))
        is_step = (added > 0) & ((last > 0) | (before == 0))
        last, seen, added = last[is_step], (last | before)[is_step], added[is_step]
        order = np.argsort(self._is_member.sum(axis=1)[seen], kind="stable")
        return Steps(last[order], seen[order], added[order])

    @property
    def _after(self) -> Int[np.ndarray, " step"]:
        return self._steps.seen | self._steps.added

    @cached_property
    def _step_weight(self) -> Float[np.ndarray, " step"]:
        of_node = self._layer_score[:, self._steps.last, self._steps.seen]
        return np.where(self._is_member[self._steps.added].T, of_node, 0.0).sum(axis=0)

    @cached_property
    def _by_size(self) -> list[Int[np.ndarray, " step"]]:
        n_seen = self._is_member.sum(axis=1)[self._steps.seen]
        return [np.flatnonzero(n_seen == size) for size in range(self.n_node)]

    @cached_property
    def _to_go(self) -> Float[np.ndarray, "last seen"]:
        """Log of the sum over all ways to complete a graph."""
        result = np.full((2**self.n_node, 2**self.n_node), -np.inf)
        result[:, -1] = 0.0
        for step in reversed(self._by_size):
            last, seen, added = (x[step] for x in self._steps)
            np.logaddexp.at(result, (last, seen), self._step_weight[step] + result[added, seen | added])
        return result

    @cached_property
    def _from_start(self) -> Float[np.ndarray, "last seen"]:
        """Log of the sum over all ways to come to a layer."""
        result = np.full((2**self.n_node, 2**self.n_node), -np.inf)
        result[0, 0] = 0.0
        for step in self._by_size:
            last, seen, added = (x[step] for x in self._steps)
            np.logaddexp.at(result, (added, seen | added), self._step_weight[step] + result[last, seen])
        return result


def causes_of(edge: Bool[np.ndarray, "cause effect"]) -> Int[np.ndarray, " node"]:
    """Bit masks of the causes of every node of a graph."""
    return (1 << np.arange(len(edge))) @ edge


def _draw(rng: np.random.Generator, log_weight: Float[np.ndarray, " choice"]) -> int:
    return int(np.argmax(log_weight + rng.gumbel(size=len(log_weight))))
