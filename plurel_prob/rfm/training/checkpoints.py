"""States on disk, complete or not at all."""

from pathlib import Path
from typing import Any, TypeVar

import jax
import orbax.checkpoint as ocp

from plurel_prob.databases import DatabaseError

CHECKPOINTS = "checkpoints"
N_KEPT = 2
Tree = TypeVar("Tree")


class Checkpoints:
    """The checkpoints of a run, by step; the last two are kept."""

    def __init__(self, run: Path):
        options = ocp.CheckpointManagerOptions(max_to_keep=N_KEPT, enable_async_checkpointing=False)
        self._manager = ocp.CheckpointManager((run / CHECKPOINTS).absolute(), options=options)

    def last(self) -> int | None:
        """Last step of which there is a checkpoint."""
        return self._manager.latest_step()

    def save(self, step: int, state: Any) -> None:
        """Write the arrays of a state, each by its path."""
        self._manager.save(step, args=ocp.args.StandardSave(_named(state)))

    def restore(self, step: int, like: Tree) -> Tree:
        """Read a state of the shapes, types and devices of ``like``."""
        named = _named(like)
        found = self._manager.restore(step, args=ocp.args.StandardRestore(jax.tree.map(ocp.utils.to_shape_dtype_struct, named)))
        return jax.tree.unflatten(jax.tree.structure(like), [found[name] for name in named])

    def close(self) -> None:
        """Let go of the folder."""
        self._manager.close()

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _named(tree: Any) -> dict[str, Any]:
    """Arrays by their paths."""
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }


def last_step(checkpoints: Checkpoints, run: Path) -> int:
    """Last step of a run.

    Raises:
        DatabaseError: it has no checkpoint.
    """
    step = checkpoints.last()
    if step is None:
        raise DatabaseError(f"{run}: has no checkpoint yet")
    return step
