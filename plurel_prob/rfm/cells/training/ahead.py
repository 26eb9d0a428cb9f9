"""Batches that are made while the network is busy."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor

from plurel_prob.rfm.cells.contexts import Batch
from plurel_prob.rfm.cells.training.config import TrainingConfig
from plurel_prob.rfm.cells.training.data import Data

N_AHEAD = 2


def batches_ahead(data: Data, config: TrainingConfig, first: int) -> Generator[Batch, None, None]:
    """Give the batches of a run from ``first`` on, made ahead in a thread."""
    with ThreadPoolExecutor(1, thread_name_prefix="plurel-prob-batches") as thread:
        ahead: deque[Future[Batch]] = deque()
        try:
            for k in range(first, config.n_step):
                while len(ahead) <= N_AHEAD and k + len(ahead) < config.n_step:
                    ahead.append(thread.submit(data.batch, config.seed, k + len(ahead), config.batch_size))
                yield ahead.popleft().result()
        finally:
            thread.shutdown(cancel_futures=True)
