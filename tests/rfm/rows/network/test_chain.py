import numpy as np

from plurel_prob.rfm.rows.network import N_CLASS, chain_labels, chain_probabilities, class_chain


def test_a_chain_of_questions_gives_back_the_law_of_many_classes():
    rng = np.random.default_rng(0)
    law = rng.dirichlet(np.ones(25), size=4)
    chain = class_chain(rng.permutation(25))
    assert [len(link) for link in chain] == [9, 9, 7] and sorted(np.concatenate(chain)) == list(range(25))
    answers, left = [], np.arange(25)
    for link in chain:
        left = np.setdiff1d(left, link)
        answer = np.zeros((4, N_CLASS))
        answer[:, : len(link)], answer[:, N_CLASS - 1] = law[:, link], law[:, left].sum(1)
        answers.append(answer / answer.sum(1, keepdims=True))
    np.testing.assert_allclose(chain_probabilities(answers, chain), law, rtol=1e-6)


def test_labels_are_asked_for_until_they_are_found():
    chain = class_chain(np.arange(25, 0, -1))
    first, second, third = chain_labels(np.array([0, 8, 9, 24]), chain)
    np.testing.assert_array_equal(first, [0, 8, 9, 9])
    np.testing.assert_array_equal(second, [np.nan, np.nan, 0, 9])
    np.testing.assert_array_equal(third, [np.nan, np.nan, np.nan, 6])
