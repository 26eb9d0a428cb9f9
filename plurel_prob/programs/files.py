"""Files of compiled programs: JAX's persistent cache, with a hash in each file."""

import hashlib
from typing import Any

FRAME = b"P*M\x18" + (32).to_bytes(4, "little")  # of 32 bytes that readers of zstd skip, as those of zlib do


class CheckedFiles:
    """JAX's cache of files, each of which ends with a hash of the rest; one that does not is removed, and made again.

    JAX itself never writes over a file that is there: one that it cannot read, as a kill in the middle of writing leaves it,
    costs a compilation in every process, and one that it can read, but that has other bits, can do anything.
    """

    def __init__(self, files: Any):
        self.files, self._path = files, files._path

    def get(self, key: str) -> bytes | None:
        """Program under a key, if it is there and whole."""
        content = self.files.get(key)
        if content is None:
            return None
        value = content[: -len(FRAME) - 32]
        if content == value + _end(value):
            return value
        (self._path / f"{key}-cache").unlink(missing_ok=True)
        return None

    def put(self, key: str, value: bytes) -> None:
        """Keep a program."""
        self.files.put(key, value + _end(value))


def _end(value: bytes) -> bytes:
    """What comes after a program in its file; JAX reads that without us, too."""
    return FRAME + hashlib.sha256(value).digest()


def check_program_files() -> None:
    """Let JAX check the files of compiled programs in this process. It has no public way; where it opens them, as of 0.10."""
    try:
        from jax._src import compilation_cache
        from jax.experimental.compilation_cache.compilation_cache import reset_cache

        open_files = compilation_cache.get_file_cache
    except (ImportError, AttributeError):  # of another version; its files stay unchecked
        return
    if getattr(open_files, "is_checked", False):
        return

    def open_checked(path: str) -> tuple[Any, str] | None:
        opened = open_files(path)
        return opened and (CheckedFiles(opened[0]), opened[1])

    open_checked.is_checked = True  # type: ignore[attr-defined]
    compilation_cache.get_file_cache = open_checked
    reset_cache()  # closes what is open


def use_compilation_cache() -> None:
    """Keep compiled programs between runs, in the user's cache folder, unless JAX is told another one
    (``JAX_COMPILATION_CACHE_DIR``), or none (``JAX_ENABLE_COMPILATION_CACHE=false``).
    """
    import jax
    import platformdirs

    check_program_files()
    if jax.config.jax_compilation_cache_dir is None:  # type: ignore[attr-defined]
        jax.config.update("jax_compilation_cache_dir", platformdirs.user_cache_dir("plurel_prob"))
