"""What a run of training is determined by."""

from dataclasses import dataclass, replace
from pathlib import Path

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.cells.network import SIZES, TILE
from plurel_prob.rfm.runs import check_same, read_settings, save_settings


def check_length(context_length: int) -> None:
    """Refuse contexts that tiles do not fill.

    Raises:
        DatabaseError: they do not.
    """
    if context_length % TILE:
        raise DatabaseError(f"context_length must be a multiple of {TILE}, got {context_length}")


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a run; those of the paper but for size, batch and context, which suit a processor.

    Attributes:
        size: of the network, see :data:`plurel_prob.rfm.cells.network.SIZES`.
        n_step: batches.
        batch_size: contexts of a batch.
        context_length: cells of a context, a multiple of 32.
        n_masked: cells of a context that are predicted; see :class:`~plurel_prob.rfm.cells.contexts.ContextSampler`. Tasks: 1.
        learning_rate: its peak; it rises linearly over the first fifth of the steps and falls linearly after.
        weight_decay: of AdamW.
        clip: largest norm of the gradient.
        seed: of the initial weights and of the contexts.
        text_encoder: see :func:`plurel_prob.rfm.cells.network.text_encoder`.
        data: what batches come from, in words.
        init: name of the run that the first weights come from, or nothing.
        n_pair: least number of places for tiles of attention along columns and to features; more if the first batches need them.
    """

    size: str = "tiny"
    n_step: int = 1000
    batch_size: int = 32
    context_length: int = 256
    n_masked: int = 1
    learning_rate: float = 5e-4
    weight_decay: float = 0.1
    clip: float = 1.0
    seed: int = 0
    text_encoder: str = "hashed"
    data: str = ""
    init: str = ""
    n_pair: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise DatabaseError(f"size of a network of cells must be one of {', '.join(SIZES)}, got {self.size!r}")
        check_length(self.context_length)

    def save(self, folder: Path) -> None:
        """Write ``config.json`` into a folder."""
        save_settings(self, folder, network="cells")

    @classmethod
    def load(cls, folder: Path) -> "TrainingConfig":
        """Read what :meth:`save` wrote.

        Raises:
            DatabaseError: the folder has none, or it is broken.
        """
        return read_settings(cls, folder, network="cells")

    def check_same(self, other: "TrainingConfig", folder: Path) -> None:
        """Refuse to go on with a run of other settings.

        Raises:
            DatabaseError: a setting differs; the message names it.
        """
        check_same(self, replace(other, n_pair=self.n_pair), folder)
