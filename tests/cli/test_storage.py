"""Bulk sampling into object storage, and on Ray, while workers, nodes and drivers are lost: all complete, and all the same."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from itertools import count
from uuid import uuid4

import pytest

from plurel_prob.corpora import CorpusBucket
from plurel_prob.databases.disk import PROVENANCE
from tests.corpora.processes import MARK, kill, marked, wait_for
from tests.corpora.storage import environment, s3_server
from tests.test_sampling import ENV, ROOT

pytest.importorskip("obstore", reason="object storage needs the extra 'cloud'")
pytest.importorskip("moto", reason="an S3 server needs moto[server]")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning"),
]

PRIOR = """
base = "compact"
[schema]
n_table = { DiscreteUniform = [3, 4] }
n_column = { TruncatedZipf = [1.0, 3, 4] }
n_row_entity = { DiscreteUniform = [20, 40] }
n_row_activity = { DiscreteUniform = [40, 1100] }
"""
N_SEED, N_KILL = 40, 5
prefixes = count()


@pytest.fixture(scope="module")
def prior(tmp_path_factory):
    path = tmp_path_factory.mktemp("prior") / "small.toml"
    path.write_text(PRIOR)
    return path


@pytest.fixture(scope="module", autouse=True)
def s3():
    """An S3 server, to which the environment points."""
    with s3_server() as variables, environment(variables):
        yield


@pytest.fixture(scope="module")
def whole(prior, tmp_path_factory):
    """Databases that one process has drawn, undisturbed."""
    folder = tmp_path_factory.mktemp("whole")
    done = cli("sample", "--prior", prior, "--count", N_SEED, "--out", folder)
    assert done.returncode == 0, done.stderr
    return {path.name: json.loads((path / PROVENANCE).read_text())["files"] for path in folder.iterdir()}


@pytest.fixture(scope="module")
def cluster(s3):
    """A cluster of a head without cores and two nodes with one each; its processes have a mark."""
    pytest.importorskip("ray", reason="needs the extra 'ray'")
    from ray.cluster_utils import Cluster

    mark = uuid4().hex
    with environment({MARK: mark, "RAY_USAGE_STATS_ENABLED": "0", "JAX_COMPILATION_CACHE_DIR": ENV["JAX_COMPILATION_CACHE_DIR"]}):
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        cluster.mark = mark
        try:
            for _ in range(2):
                cluster.add_node(num_cpus=1)
            yield cluster
        finally:
            cluster.shutdown()
    assert wait_for(lambda: not marked(mark), 30)


@pytest.fixture
def corpus():
    return CorpusBucket(f"s3://databases/{next(prefixes)}")


def start(*arguments, mark=""):
    command = [sys.executable, "-m", "plurel_prob", *map(str, arguments)]
    env = ENV | os.environ | {MARK: mark}
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def cli(*arguments):
    return finish(start(*arguments))


def finish(process, seconds=600):
    try:
        output, error = process.communicate(timeout=seconds)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, output, error)


def arguments(prior, corpus, n_seed, *more):
    return ["sample", "--prior", prior, "--out", getattr(corpus, "url", corpus), "--count", n_seed, *more]


def on(cluster):
    return ["--engine", "ray", "--address", cluster.address]


def n_committed(corpus):
    return sum(PROVENANCE in files for name, files in corpus._sizes_by_name().items() if name.startswith("plurel-"))


def assert_same(corpus, whole, n_seed):
    """All databases are those that one process draws, file by file, by their own account and by their bytes."""
    names = [f"plurel-{seed}" for seed in range(n_seed)]
    assert corpus.databases() == names and corpus.leftovers() == []
    for name in names:
        assert corpus._content(name)["files"] == whole[name]
    done = cli("verify", corpus.url, "--redraw", 0)
    assert done.returncode == 0 and f"{n_seed} databases are as they were written" in done.stdout, done.stdout + done.stderr


def test_several_processes_upload_what_one_writes(prior, corpus, whole):
    done = cli(*arguments(prior, corpus, 6, "--workers", 2, "--shard", "1/2"))
    assert done.returncode == 0, done.stderr
    done = cli(*arguments(prior, corpus, 6))
    assert done.returncode == 0 and "3 of 6 databases were there already" in done.stdout, done.stderr
    assert_same(corpus, whole, 6)
    done = cli("sample", "--prior", "compact", "--out", corpus.url)
    assert done.returncode == 2 and "plurel-0 exists and was drawn from another prior" in done.stderr
    done = cli("verify", corpus.url)
    assert "1 drawn again, with the same tables to the last bit" in done.stdout, done.stdout + done.stderr


def test_databases_of_killed_workers_are_drawn_again(prior, corpus, whole, cluster):
    """Five workers are killed at random moments; the oldest each time, so that no seed loses more than it may."""
    rng = random.Random(0)
    process, n_seen = start(*arguments(prior, corpus, N_SEED, *on(cluster))), 0
    for _ in range(N_KILL):
        assert wait_for(lambda n=n_seen: n_committed(corpus) > n, 300)
        time.sleep(rng.uniform(0, 3))
        n_seen = n_committed(corpus)
        assert n_seen < N_SEED and process.poll() is None
        assert wait_for(lambda: any(map(kill, marked(cluster.mark, "ray::_run")[:1])), 60)
    done = finish(process)
    assert done.returncode == 0, done.stderr
    assert [row.split()[1] for row in done.stdout.splitlines() if row.startswith("│")] == [str(seed) for seed in range(N_SEED)]
    assert_same(corpus, whole, N_SEED)


def test_databases_of_a_lost_node_are_drawn_again(prior, corpus, whole, cluster):
    node = cluster.add_node(num_cpus=1)
    process = start(*arguments(prior, corpus, 20, *on(cluster)))
    assert wait_for(lambda: len(marked(cluster.mark, "ray::_run")) == 3, 200)
    assert wait_for(lambda: n_committed(corpus) > 0, 300)
    cluster.remove_node(node, allow_graceful=False)
    done = finish(process)
    assert done.returncode == 0, done.stderr
    assert_same(corpus, whole, 20)


def test_two_runs_at_once_draw_each_database_once(prior, corpus, whole, cluster):
    node = cluster.add_node(num_cpus=2)  # so that neither run waits for the other
    both = [start(*arguments(prior, corpus, 12, *on(cluster), "--workers", 2)) for _ in range(2)]
    for done in map(finish, both):
        assert done.returncode == 0, done.stderr
    cluster.remove_node(node)
    assert_same(corpus, whole, 12)


def test_a_run_goes_on_after_its_driver_was_killed(prior, corpus, whole, cluster):
    process = start(*arguments(prior, corpus, 20, *on(cluster)))
    assert wait_for(lambda: n_committed(corpus) > 2, 300)
    process.kill()
    finish(process)
    assert wait_for(lambda: not marked(cluster.mark, "ray::_run"), 60)
    assert 2 < n_committed(corpus) < 20
    done = cli(*arguments(prior, corpus, 20, *on(cluster)))
    assert done.returncode == 0 and "databases were there already" in done.stdout, done.stderr
    assert_same(corpus, whole, 20)


@pytest.mark.parametrize("how", [None, signal.SIGTERM, signal.SIGKILL])
def test_a_local_ray_leaves_no_process(prior, tmp_path, how):
    pytest.importorskip("ray", reason="needs the extra 'ray'")
    mark = uuid4().hex
    process = start(*arguments(prior, tmp_path, 4 if how is None else 1000, "--engine", "ray"), mark=mark)
    if how is not None:
        assert wait_for(lambda: list(tmp_path.glob("plurel-*")), 300)
        assert len(marked(mark)) > 3
        process.send_signal(how)
    done = finish(process, 120 if how else 600)
    assert done.returncode == {None: 0, signal.SIGTERM: 143, signal.SIGKILL: -9}[how], done.stderr
    assert "Traceback" not in done.stderr
    assert wait_for(lambda: not set(marked(mark)) - set(marked(mark, "Agent")), 30)
    # where the driver was killed, Ray's two agents try for a minute to tell the head, which is gone, what they saw
    assert wait_for(lambda: not marked(mark), 120 if how == signal.SIGKILL else 30)
    assert how == signal.SIGKILL or all(path.name.startswith("plurel-") for path in tmp_path.iterdir())
