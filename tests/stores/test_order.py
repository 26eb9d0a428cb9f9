import numpy as np

from plurel_prob.stores.order import depths


def depth_of(parents, row):
    above = [parent[row] for parent in parents if parent[row] >= 0]
    return 1 + max(depth_of(parents, other) for other in above) if above else 0


def test_depths_against_a_plain_walk():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        n_row, shuffled = int(rng.integers(1, 40)), rng.permutation(40)
        parents = []
        for _ in range(int(rng.integers(1, 4))):
            above = [int(rng.integers(-1, place)) if place else -1 for place in range(n_row)]
            order = np.argsort(shuffled[:n_row])  # row at each place
            parent = np.full(n_row, -1)
            parent[order] = [order[place] if place >= 0 else -1 for place in above]
            parents.append(parent)
        assert depths(parents, n_row).tolist() == [depth_of(parents, row) for row in range(n_row)]


def test_circles_of_rows():
    assert depths([np.array([0])], 1) is None
    assert depths([np.array([-1, 2, 1])], 3) is None
    assert depths([np.array([1, -1]), np.array([-1, 0])], 2) is None
    chain = np.arange(-1, 1_999)
    assert depths([chain], 2_000).tolist() == list(range(2_000))
