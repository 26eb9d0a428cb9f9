"""Corpora in object storage: Amazon S3, Google Cloud Storage, Azure, and whatever else obstore opens from a URL."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from plurel_prob.corpora.corpus import Corpus, check_any, check_complete, check_content, check_origin, is_database
from plurel_prob.databases.disk import PROVENANCE
from plurel_prob.documents import parse_json
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.files import temporary_folder, within
from plurel_prob.priors import Prior

Item = TypeVar("Item")
Result = TypeVar("Result")

N_REQUEST = 16  # at the same time
N_RETRY = 8  # of a request, which takes a quarter of a minute where nothing answers


@dataclass(frozen=True)
class CorpusBucket(Corpus):
    """Databases below a URL. There are no folders to rename, nor locks: a database is there once its provenance is.

    A worker uploads all other files, then creates ``plurel_prob.json``, which fails if it exists. So of several workers that
    draw the same database the first one commits it. The others have uploaded the same bytes, if they have the same versions
    and kind of processor. Where a worker finds, after it began to upload, that another one has committed other bytes, files of
    both may be mixed: it withdraws the commit and uploads its own database as a whole. A worker that has committed uploads no
    more, so the last one leaves a database of one kind.
    """

    url: str

    @contextmanager
    def writing(self, *, is_shared: bool = False) -> Iterator[None]:
        """Make sure that the place answers; any number of runs may write there."""
        with self._reaching():
            next(iter(_obstore().list(self._store, chunk_size=1)), None)
        yield

    def left_to_draw(self, seeds: Iterable[int], prior: Prior) -> list[int]:
        """Seeds whose databases are not yet committed. Lists all there is, unless it is about one seed."""
        seeds = list(seeds)
        sizes = self._sizes_by_name(f"plurel-{seeds[0]}" if len(seeds) == 1 else "")
        there = [seed for seed in seeds if PROVENANCE in sizes.get(f"plurel-{seed}", {})]
        contents = dict(zip(there, _for_each(lambda seed: self._content(f"plurel-{seed}"), there), strict=True))
        committed = {seed: content for seed, content in contents.items() if content is not None}
        for seed, content in committed.items():
            check_complete(self._where(f"plurel-{seed}"), content, sizes[f"plurel-{seed}"], seed, prior.fingerprint)
        return [seed for seed in seeds if seed not in committed]

    @contextmanager
    def placing(self, seed: int, *, overwrite: bool) -> Iterator[Path]:
        """Give a path in a temporary folder, and upload what is there."""
        with temporary_folder() as folder:
            path = folder / f"plurel-{seed}"
            yield path
            with self._reaching():
                self._put(path, overwrite)

    def _put(self, path: Path, overwrite: bool) -> None:
        name, text = path.name, (path / PROVENANCE).read_bytes()
        mine, is_uploaded = json.loads(text), False
        if overwrite:
            self._delete(f"{name}/{PROVENANCE}")
        while (there := self._content(name)) is None or there["files"] != mine["files"]:
            if there is not None and not is_uploaded:
                check_origin(self._where(name), there, mine["seed"], mine["fingerprint"])
                return
            if there is not None:
                self._delete(f"{name}/{PROVENANCE}")
            self._upload(path, mine["files"])
            is_uploaded = True
            if self._create(f"{name}/{PROVENANCE}", text):
                return

    def _upload(self, path: Path, names: Iterable[str]) -> None:
        """Make the files that are there those of a database, its provenance aside."""
        names = list(names)
        _for_each(lambda name: _obstore().put(self._store, f"{path.name}/{name}", path / name), names)
        others = self._sizes(path.name).keys() - {*names, PROVENANCE}
        _for_each(lambda name: self._delete(f"{path.name}/{name}"), others)

    def _create(self, key: str, content: bytes) -> bool:
        """Write an object unless there is one of that name; return whether it was written."""
        from obstore.exceptions import AlreadyExistsError

        try:
            _obstore().put(self._store, key, content, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def _delete(self, key: str) -> None:
        with suppress(FileNotFoundError):  # another worker was faster
            _obstore().delete(self._store, key)

    def databases(self) -> list[str]:
        """Names of the databases that are committed; ``.`` if the URL is that of one."""
        sizes = self._sizes_by_name()
        if is_database(sizes):
            return ["."]
        return check_any((name for name in sizes if _is_named(name) and PROVENANCE in sizes[name]), self.url)

    def leftovers(self) -> list[str]:
        """Databases that are not committed: of runs that were killed, or that go on."""
        sizes = self._sizes_by_name()
        what_to_do = f"not complete; `plurel-prob sample --out {self.url}` draws it again"
        open_ones = (name for name in sizes if _is_named(name) and PROVENANCE not in sizes[name])
        return [] if is_database(sizes) else [f"{name}: {what_to_do}" for name in sorted(open_ones)]

    @contextmanager
    def reading(self, name: str) -> Iterator[Path]:
        """Give a temporary folder with the files of a database, which is removed afterwards."""
        with temporary_folder() as folder:
            path, files = folder / PurePosixPath(self.url, name).name, self._sizes(name)
            for file in files:
                inner = [str(parent) for parent in PurePosixPath(file).parents if str(parent) in files]
                if inner:
                    raise DatabaseError(f"{self._where(name)}/{shown(file)}: lies below {shown(inner[0])}, which is no folder")
            with self._reaching():
                _for_each(lambda file: self._download(f"{name}/{file}".removeprefix("./"), within(path, file)), files)
            yield path

    def _download(self, key: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for chunk in _obstore().get(self._store, key).stream():
                file.write(chunk)

    def next_step(self, seed: int) -> str:
        """Check what was written."""
        return f"Written to {self.url}. Check it: plurel-prob verify {self.url}"

    @property
    def _store(self) -> Any:
        return _open(self.url)

    def _where(self, name: str) -> str:
        return f"{self.url.rstrip('/')}/{name}"

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Name the place that does not answer, or refuses."""
        exceptions = _obstore().exceptions
        try:
            yield
        except (exceptions.BaseError, FileNotFoundError, PermissionError) as error:
            said = " ".join(str(error).partition("\n\nDebug source")[0].split())
            raise DatabaseError(f"{self.url}: {said}; endpoint and credentials come from the environment") from None

    def _content(self, name: str) -> dict[str, Any] | None:
        """What the provenance of a database says; None if there is none."""
        with self._reaching():
            try:
                text = bytes(_obstore().get(self._store, f"{name}/{PROVENANCE}").bytes())
            except FileNotFoundError:
                return None
        where = self._where(name)
        return check_content(parse_json(text, f"{where}/{PROVENANCE}"), where)

    def _sizes(self, name: str) -> Mapping[str, int]:
        """Bytes of the objects below a name, by their path there."""
        prefix = "" if name == "." else f"{name}/"
        with self._reaching():
            listed = _obstore().list(self._store, prefix=prefix or None)
            return {item["path"].removeprefix(prefix): item["size"] for chunk in listed for item in chunk}

    def _sizes_by_name(self, name: str = "") -> dict[str, dict[str, int]]:
        """Bytes of all objects, or of those of one database, by the first part and the rest of their path."""
        result: dict[str, dict[str, int]] = {}
        for path, size in self._sizes(name or ".").items():
            first, _, rest = (f"{name}/{path}" if name else path).partition("/")
            result.setdefault(first, {})[rest] = size
        return result


def _is_named(name: str) -> bool:
    return name.startswith("plurel-")


def _for_each(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return ``work(item)`` for every item, several at a time."""
    with ThreadPoolExecutor(N_REQUEST) as threads:
        return list(threads.map(work, items))


def _obstore() -> Any:
    try:
        import obstore
    except ImportError:
        raise DatabaseError('object storage needs obstore: pip install "plurel-prob[cloud]"') from None
    return obstore


@cache
def _open(url: str) -> Any:
    """Open a URL with what the environment says about endpoint, region and credentials.

    Raises:
        DatabaseError: it is of no known kind, or something is missing.
    """
    obstore = _obstore()
    from obstore.store import from_url

    try:
        # an endpoint without TLS is one that somebody has chosen
        return from_url(url, client_options={"allow_http": True}, retry_config={"max_retries": N_RETRY})
    except (obstore.exceptions.BaseError, ValueError) as error:
        raise DatabaseError(f"{url}: cannot be opened: {str(error).splitlines()[0]}") from None
