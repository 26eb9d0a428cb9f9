"""States on disk, complete or not at all."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import jax
import orbax.checkpoint as ocp

from plurel_prob.errors import DatabaseError, reason

CHECKPOINTS = "checkpoints"
N_KEPT = 2
Tree = TypeVar("Tree")


class Checkpoints:
    """The checkpoints of a run, by step; the last two are kept."""

    def __init__(self, run: Path, *, is_read_only: bool = False):
        options = ocp.CheckpointManagerOptions(
            max_to_keep=None if is_read_only else N_KEPT,
            save_interval_steps=0 if is_read_only else 1,
            create=not is_read_only,
            read_only=is_read_only,
            enable_async_checkpointing=False,
        )
        self.path = run / CHECKPOINTS
        with _errors_only("absl"):  # Orbax's; it warns that what is only read is only read
            self._manager = ocp.CheckpointManager((run / CHECKPOINTS).absolute(), options=options)

    def last(self) -> int | None:
        """Last step of which there is a checkpoint."""
        return self._manager.latest_step()

    def save(self, step: int, state: Any) -> None:
        """Write the arrays of a state, each by its path."""
        self._manager.save(step, args=ocp.args.StandardSave(_named(state)))

    def restore(self, step: int, like: Tree) -> Tree:
        """Read a state of the shapes, types and devices of ``like``.

        Raises:
            DatabaseError: it cannot be read.
        """
        named = _named(like)
        shapes = ocp.args.StandardRestore(jax.tree.map(ocp.utils.to_shape_dtype_struct, named))
        try:
            found = self._manager.restore(step, args=shapes)
        except Exception as error:  # of a damaged file Orbax and what it reads with make all kinds
            hint = "delete it, and the one before counts"
            raise DatabaseError(f"{self.path / str(step)}: cannot be read: {reason(error)}; {hint}") from None
        return jax.tree.unflatten(jax.tree.structure(like), [found[name] for name in named])

    def close(self) -> None:
        """Let go of the folder."""
        self._manager.close()

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _errors_only(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _named(tree: Any) -> dict[str, Any]:
    """Arrays by their paths."""
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }
