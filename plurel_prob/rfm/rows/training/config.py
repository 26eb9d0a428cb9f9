"""What a run of training is determined by."""

from dataclasses import asdict, dataclass
from typing import Any

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.rows.network import SIZES
from plurel_prob.rfm.rows.training.data import Recipe

MIN_ROW = 80  # of a task


@dataclass(frozen=True)
class RowTrainingConfig:
    """Settings of a run.

    Attributes:
        size: of the network, see :data:`plurel_prob.rfm.rows.network.SIZES`.
        experts: predictions in closed form are read and corrected; without them the network says all by itself.
        n_step: batches.
        batch_size: tasks of a batch.
        n_row: rows of a task, context and queries.
        n_feature: features of a task at most.
        relabelled: share of tasks whose labels are random functions of features.
        classes: share of batches whose tasks have classes.
        tasks_per_database: tasks of all batches for each database.
        learning_rate: its peak; it rises linearly over the first twentieth of the steps and falls along a cosine to a hundredth.
        weight_decay: of AdamW.
        clip: largest norm of the gradient.
        seed: of the initial weights and of the tasks.
        data: what batches come from, in words.
        init: name of the run that the first weights come from, or nothing.
    """

    size: str = "small"
    experts: bool = True
    n_step: int = 1000
    batch_size: int = 16
    n_row: int = 400
    n_feature: int = 40
    relabelled: float = 0.6
    classes: float = 0.12
    tasks_per_database: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    clip: float = 1.0
    seed: int = 0
    data: str = ""
    init: str = ""

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise DatabaseError(f"size of a network of rows must be one of {', '.join(SIZES)}, got {self.size!r}")
        if self.n_row < MIN_ROW:
            raise DatabaseError(f"a task must have {MIN_ROW} rows at least, got {self.n_row}")
        if not 0 <= self.relabelled <= 1:
            raise DatabaseError(f"relabelled is a share, from 0 to 1, got {self.relabelled}")

    @property
    def recipe(self) -> Recipe:
        """What batches are made of."""
        return Recipe(self.n_row, self.n_feature, self.relabelled, self.classes, self.tasks_per_database)

    def as_text(self) -> dict[str, str]:
        """Settings for the metadata of weights."""
        settings: dict[str, Any] = asdict(self)
        return {name: str(value) for name, value in settings.items() if name != "size"}
