"""``plurel-prob pretrain``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.types import NonNegativeInt, PositiveFloat, PositiveInt
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from plurel_prob.cli.extras import extra
from plurel_prob.cli.output import Description, PlainConsole
from plurel_prob.cli.sample import use_compilation_cache
from plurel_prob.errors import DatabaseError

if TYPE_CHECKING:
    from plurel_prob.rfm.cells.training import Data, TrainingConfig
else:
    Data = TrainingConfig = Any  # they import JAX

STREAM = "stream"


def pretrain(
    *,
    data: Annotated[list[str], Parameter(consume_multiple=True, negative=())],
    out: Path,
    size: Literal["tiny", "small", "paper"] = "tiny",
    steps: PositiveInt = 1000,
    batch_size: PositiveInt = 32,
    context_length: PositiveInt = 256,
    masked: PositiveInt | None = None,
    learning_rate: PositiveFloat = 5e-4,
    seed: NonNegativeInt = 0,
    prior: str = "plurel",
    first_seed: NonNegativeInt = 1_000_000,
    task: str | None = None,
    init: Path | None = None,
    validation: Annotated[list[Path] | None, Parameter(consume_multiple=True, negative=())] = None,
    text_encoder: str = "hashed",
    checkpoint_every: PositiveInt = 500,
    log_every: PositiveInt = 10,
) -> None:
    """Train a relational transformer to predict cells of databases; a run that was interrupted goes on.

    Of a database that was not drawn, rows up to its validation timestamp are trained on; of a drawn one, all.

    Args:
        data: folders of databases in RelBench format, or of many (plurel-0, ...); or `stream`, fresh databases without end.
        out: folder of the run: settings, log, TensorBoard files and checkpoints.
        size: of the network: tiny (0.5 M parameters), small (2.8 M) or paper (21 M).
        steps: batches to train on.
        batch_size: contexts of a batch; a multiple of the number of devices.
        context_length: cells of a context; a multiple of 32.
        masked: cells of a context that are hidden and predicted: its target, and others; by default an eighth of the context,
            with --task the label alone.
        learning_rate: its peak; it rises over the first fifth of the steps, and falls after.
        seed: of the initial weights and of the contexts.
        prior: of a stream's databases: a name (plurel, compact, plurel-untruncated), or a TOML file.
        first_seed: seed of a stream's first database; by default far from those that `sample` draws.
        task: train on the training labels of this task of the one database in --data, instead of its cells.
        init: another run, whose last weights are the first of this one: continued pretraining, or fine-tuning on a task.
        validation: folders as in --data, held out: the log gets the loss on them at every checkpoint, beside that of predicting
            each column's mean.
        text_encoder: hashed, or a model of the package sentence-transformers, by its name or path.
        checkpoint_every: steps between checkpoints; the last two are kept.
        log_every: steps between lines of the log.
    """
    with extra("rfm"):
        from plurel_prob.rfm.cells.training import TrainingConfig, check_held_out, folder_data, train

    use_compilation_cache()
    config = TrainingConfig(
        size=size,
        n_step=steps,
        batch_size=batch_size,
        context_length=context_length,
        n_masked=masked or (1 if task else max(1, context_length // 8)),
        learning_rate=learning_rate,
        seed=seed,
        text_encoder=text_encoder,
    )
    console = PlainConsole(stderr=True)
    with console.status("reading databases"):
        source = open_data(data, task, prior, first_seed, config)
        held_out = None if validation is None else folder_data(validation, context_length)
        if held_out is not None:
            check_held_out(source, held_out, steps)
    with Progress(
        Description(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        console=console,
    ) as progress:
        bar = progress.add_task("training", total=steps, told="compiling")

        def show(step: int, figures: dict[str, float]) -> None:
            told = f"loss {figures['loss']:.4f}, {figures['cells_per_s']:,.0f} cells/s"
            progress.update(bar, completed=step, told=told)

        train(
            source,
            out,
            config,
            init=init,
            validation=held_out,
            checkpoint_every=checkpoint_every,
            log_every=log_every,
            on_step=show,
        )
    PlainConsole().print(f"Written to {out}. Evaluate it: plurel-prob evaluate --checkpoint {out} --data FOLDER", soft_wrap=True)


def open_data(data: list[str], task: str | None, prior: str, first_seed: int, config: TrainingConfig) -> Data:
    """Return what batches come from.

    Raises:
        DatabaseError: options contradict each other, or a database cannot be read.
    """
    from plurel_prob.rfm.cells.training import StreamData, TaskData, folder_data

    length, n_masked = config.context_length, config.n_masked
    if task is not None:
        if len(data) != 1 or data[0] == STREAM:
            raise DatabaseError(f"--task {task}: needs the folder of one database in --data")
        if n_masked > 1:
            raise DatabaseError(f"--masked {n_masked}: a task has one masked cell a context")
        return TaskData(Path(data[0]), task, length)
    if STREAM in data:
        if len(data) > 1:
            raise DatabaseError(f"--data: give {STREAM}, or folders, not both")
        return StreamData(prior, length, n_masked, first_seed=first_seed)
    return folder_data([Path(path) for path in data], length, n_masked)
