"""``plurel-prob pretrain --network rows``."""

from pathlib import Path
from typing import Any

from plurel_prob.cli.output import PlainConsole
from plurel_prob.cli.pretraining.bars import STREAM, training_bar
from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.rows import training
from plurel_prob.rfm.rows.training import (
    HELD_OUT_SEED,
    Fresh,
    RowData,
    RowTrainingConfig,
    TrainingDatabases,
    check_held_out,
    stored,
)

NAMES = {"rows": "n_row", "features": "n_feature"}  # of options, as settings


def train(
    priors: list[str],
    data: list[str],
    first_seed: int,
    validation: list[Path] | None,
    out: Path,
    settings: dict[str, Any],
    run: dict[str, Any],
    **of_rows: Any,
) -> None:
    """Train a network of rows."""
    config = RowTrainingConfig(**settings, **{NAMES.get(name, name): value for name, value in of_rows.items()})
    console, held_out = PlainConsole(stderr=True), None
    source: TrainingDatabases = Fresh(priors, first_seed)
    if STREAM not in data:
        source = stored([Path(path) for path in data])
    elif len(data) > 1:
        raise DatabaseError(f"--data: give {STREAM}, or folders, not both")
    row_data = RowData(source, config.recipe)
    if validation is not None:
        held_out = RowData(stored(validation), config.recipe)
    elif isinstance(source, Fresh):
        held_out = RowData(Fresh(priors, HELD_OUT_SEED), config.recipe)
    if held_out is not None:
        check_held_out(source, held_out.databases, row_data.n_database(config.n_step, config.batch_size))
    with training_bar(console, config.n_step, "rows") as show:
        training.train(row_data, out, config, validation=held_out, on_step=show, **run)
    hint = f"Predict with it: plurel-prob predict DATABASE --checkpoint {out}"
    PlainConsole().print(f"Written to {out}. {hint}", soft_wrap=True)
