"""Object storage: what is committed is a database, nothing else is, and two workers never mix theirs."""

import json
import sys
import threading
from contextlib import contextmanager

import pytest

from plurel_prob import DatabaseError
from plurel_prob.corpora import CorpusBucket, open_corpus, problems_of
from plurel_prob.corpora.buckets import _open
from plurel_prob.databases.disk import PROVENANCE, checksums
from tests.corpora.storage import environment, s3_server
from tests.models.tiny import tiny

obstore = pytest.importorskip("obstore", reason="object storage needs the extra 'cloud'")

PRIOR = tiny("compact")


@pytest.fixture(scope="module")
def s3():
    pytest.importorskip("moto", reason="an S3 server needs moto[server]")
    with s3_server() as variables, environment(variables):
        yield "s3://databases"
    _open.cache_clear()


@pytest.fixture(params=["s3", "file"])
def corpus(request, tmp_path):
    if request.param == "file":
        return CorpusBucket(tmp_path.as_uri())
    return CorpusBucket(f"{request.getfixturevalue('s3')}/{tmp_path.name}")


def write(path, seed, *, content=b"rows", prior=PRIOR, tables=("table_0", "table_1")):
    """Write what looks like a database from outside."""
    (path / "db").mkdir(parents=True)
    (path / "latents.npz").write_bytes(b"latents of " + content)
    for table in tables:
        (path / "db" / f"{table}.parquet").write_bytes(content * 1000)
    origin = {"fingerprint": prior.fingerprint, "seed": seed, "given": [], "by_hand": []}
    (path / PROVENANCE).write_text(json.dumps(origin | {"files": checksums(path)}))


def put(corpus, seed, *, overwrite=False, **how):
    with corpus.placing(seed, overwrite=overwrite) as path:
        write(path, seed, **how)


def files(corpus, seed):
    with corpus.reading(f"plurel-{seed}") as path:
        found = checksums(path)
        content = json.loads((path / PROVENANCE).read_text())
    del found[PROVENANCE]
    return found, content["files"]


def test_what_is_committed_is_there_and_nothing_else(corpus):
    with pytest.raises(DatabaseError, match="has no databases"):
        corpus.databases()
    with corpus.writing():
        assert corpus.left_to_draw([3, 12, 5], PRIOR) == [3, 12, 5]
        put(corpus, 12)
        put(corpus, 3)
    obstore.put(corpus._store, "plurel-5/db/table_0.parquet", b"half")
    assert corpus.databases() == ["plurel-3", "plurel-12"]
    assert [leftover.split(";")[0] for leftover in corpus.leftovers()] == ["plurel-5: not complete"]
    assert corpus.left_to_draw([3, 12, 5], PRIOR) == [5] and corpus.left_to_draw([12], PRIOR) == []
    found, promised = files(corpus, 12)
    assert found == promised and set(found) == {"latents.npz", "db/table_0.parquet", "db/table_1.parquet"}
    single = open_corpus(f"{corpus.url}/plurel-12")
    assert single.databases() == ["."] and single.leftovers() == []
    with single.reading(".") as path:
        assert path.name == "plurel-12" and checksums(path)[PROVENANCE]["bytes"]
    assert not path.exists()


def test_what_a_killed_run_left_is_no_part_of_the_next_database(corpus):
    obstore.put(corpus._store, "plurel-3/db/table_7.parquet", b"of another prior")
    obstore.put(corpus._store, "plurel-3/latents.npz", b"others")
    put(corpus, 3)
    found, promised = files(corpus, 3)
    assert found == promised


def test_other_databases_are_refused_and_overwritten_on_request(corpus):
    put(corpus, 3, content=b"old")
    with pytest.raises(DatabaseError, match="plurel-3 exists and was drawn from another prior; use --overwrite"):
        corpus.left_to_draw([3], tiny("plurel"))
    with pytest.raises(DatabaseError, match="plurel-3 exists and was drawn from another prior"):
        put(corpus, 3, prior=tiny("plurel"), content=b"new")
    before = files(corpus, 3)
    put(corpus, 3, content=b"of the same prior and other bits")  # dropped
    assert files(corpus, 3) == before
    put(corpus, 3, overwrite=True, prior=tiny("plurel"), content=b"new", tables=["table_0"])
    found, promised = files(corpus, 3)
    assert found == promised and found != before[0] and len(found) == 2
    obstore.delete(corpus._store, "plurel-3/latents.npz")
    with pytest.raises(DatabaseError, match="plurel-3/latents.npz: is missing; use --overwrite, or delete"):
        corpus.left_to_draw([3], tiny("plurel"))
    obstore.put(corpus._store, f"plurel-3/{PROVENANCE}", b"{}")
    with pytest.raises(DatabaseError, match=f"{PROVENANCE}: has no 'by_hand'"):
        corpus.left_to_draw([3], PRIOR)
    obstore.put(corpus._store, f"plurel-3/{PROVENANCE}", b"{")
    with pytest.raises(DatabaseError, match=f"{PROVENANCE}: cannot be read"):
        corpus.left_to_draw([3], PRIOR)


@contextmanager
def raising():
    yield
    raise RuntimeError("while it is drawn")


def test_nothing_is_uploaded_of_what_fails(corpus):
    with pytest.raises(RuntimeError, match="while"), corpus.placing(3, overwrite=False) as path, raising():
        write(path, 3)
    assert not path.parent.exists() and list(obstore.list(corpus._store)) == []


@pytest.mark.parametrize("contents", [(b"same", b"same", b"same"), (b"one", b"other", b"third"), (b"one", b"other", b"one")])
def test_workers_that_draw_the_same_seed_at_once_never_mix_files(corpus, contents):
    """Whatever the bytes, all of one kind are there afterwards: all workers upload before the first one commits."""
    for seed in range(5):
        barrier, errors = threading.Barrier(len(contents)), []

        def work(content, seed=seed, barrier=barrier, errors=errors):
            try:
                with corpus.placing(seed, overwrite=False) as path:
                    write(path, seed, content=content)
                    barrier.wait(30)
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=[content]) for content in contents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        found, promised = files(corpus, seed)
        assert found == promised
        with corpus.reading(f"plurel-{seed}") as path:
            assert (path / "latents.npz").read_bytes().removeprefix(b"latents of ") in contents


def test_a_late_upload_is_repaired_by_who_made_it(corpus):
    """The first worker commits after the second one has looked, and before the second one uploads."""
    first, second = CorpusBucket(corpus.url), Interrupting(corpus.url)
    Interrupting.then = lambda: put(first, 3, content=b"first")
    put(second, 3, content=b"second", tables=["table_0"])
    found, promised = files(corpus, 3)
    assert found == promised and len(found) == 2


class Interrupting(CorpusBucket):
    """A bucket whose first upload is preceded by something."""

    then = None

    def _upload(self, path, names):
        if Interrupting.then is not None:
            then, Interrupting.then = Interrupting.then, None
            then()
        super()._upload(path, names)


def test_damage_is_found(corpus):
    put(corpus, 3)
    obstore.put(corpus._store, "plurel-3/latents.npz", b"latents of rowz")
    obstore.put(corpus._store, "plurel-3/db/more.parquet", b"")
    with corpus.reading("plurel-3") as path:
        assert problems_of(path) == [
            "latents.npz: differs from what was written (SHA-256)",
            "db/more.parquet: was not written with the database",
        ]


def test_places_that_cannot_be_reached_are_named(s3):
    for url, words in {
        "s3://no-such/prefix": "NoSuchBucket",
        "ftp://a/b": "cannot be opened",
        "s3://": "cannot be opened",
    }.items():
        with pytest.raises(DatabaseError, match=f"{url}: .*{words}"), CorpusBucket(url).writing():
            pass


def test_without_obstore_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    with (
        pytest.raises(DatabaseError, match=r'needs obstore: pip install "plurel-prob\[cloud\]"'),
        CorpusBucket("s3://a/b").writing(),
    ):
        pass


def test_objects_below_an_object_are_an_error(monkeypatch):
    store = obstore.store.MemoryStore()
    for name in ("plurel_prob.json", "db/table_0.parquet", "db/table_0.parquet/x"):
        obstore.put(store, f"plurel-0/{name}", b"{}")
    monkeypatch.setattr("plurel_prob.corpora.buckets._open", lambda url: store)
    with pytest.raises(DatabaseError) as caught, CorpusBucket("memory://").reading("plurel-0"):
        raise AssertionError
    assert "plurel-0/db/table_0.parquet/x: lies below db/table_0.parquet, which is no folder" in str(caught.value)
