"""A PyTorch loader over databases. PyTorch is a large extra: without it these tests are skipped."""

import pytest

from tests.models.tiny import tiny

PRIOR = tiny("compact")


@pytest.fixture(scope="module", autouse=True)
def torch_data():
    return pytest.importorskip("torch.utils.data", reason="PyTorch is not installed (extra torch)")


def seed_of(database):
    return database.seed


def loader(n_worker=0, **options):
    from torch.utils.data import DataLoader

    from plurel_prob.adapters.torch import Databases

    context = "spawn" if n_worker else None
    dataset = Databases(range(20, 27), PRIOR, transform=seed_of, **options)
    return DataLoader(dataset, batch_size=None, num_workers=n_worker, multiprocessing_context=context)


def test_one_process():
    assert list(loader()) == list(range(20, 27))
    assert list(loader(position=4)) == [24, 25, 26]


def test_workers_share_the_seeds():
    assert list(loader(n_worker=2)) == list(range(20, 27))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # JAX warns of the fork, too
def test_a_fork_is_refused(torch_data):
    from plurel_prob.adapters.torch import Databases

    forked = torch_data.DataLoader(Databases(prior=PRIOR), batch_size=None, num_workers=1, multiprocessing_context="fork")
    with pytest.raises(RuntimeError, match="multiprocessing_context=.spawn"):
        next(iter(forked))
