"""More classes than a network names at once: the most frequent first, and whether it is another, which is asked next."""

import numpy as np
from jaxtyping import Float, Float32, Int

from plurel_prob.rfm.rows.network.batch import N_CLASS

Link = Int[np.ndarray, " _"]


def class_chain(counts: Int[np.ndarray, " class"]) -> list[Link]:
    """Classes of each question by falling frequency: nine a question, the tenth answer being that it is a later one."""
    order = np.argsort(-counts, kind="stable")
    links = []
    while len(order) > N_CLASS:
        links.append(order[: N_CLASS - 1])
        order = order[N_CLASS - 1 :]
    return [*links, order]


def chain_labels(y: Int[np.ndarray, " row"], chain: list[Link]) -> list[Float32[np.ndarray, " row"]]:
    """Labels of every question; NaN where an earlier one has the answer."""
    n_class = sum(len(link) for link in chain)
    asked, place = np.zeros(n_class, np.int64), np.zeros(n_class, np.float32)
    for i, link in enumerate(chain):
        asked[link], place[link] = i, np.arange(len(link))
    found = [np.where(asked[y] == i, place[y], np.float32(N_CLASS - 1)) for i in range(len(chain))]
    return [np.where(asked[y] < i, np.float32(np.nan), label) for i, label in enumerate(found)]


def chain_probabilities(answers: list[Float[np.ndarray, "row answer"]], chain: list[Link]) -> Float[np.ndarray, "row class"]:
    """Probabilities of classes from those of the answers; answers that a question does not have count for nothing."""
    probability = np.zeros((len(answers[0]), sum(len(link) for link in chain)))
    left = np.ones(len(answers[0]))
    for i, (answer, link) in enumerate(zip(answers, chain, strict=True)):
        possible = answer[:, : len(link)] if i == len(chain) - 1 else answer
        possible = possible / possible.sum(1, keepdims=True)
        probability[:, link] = left[:, None] * possible[:, : len(link)]
        left = left * (1 - possible[:, : len(link)].sum(1))
    return probability
