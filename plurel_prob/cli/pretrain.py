"""``plurel-prob pretrain``."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter
from cyclopts.types import PositiveFloat

from plurel_prob.cli.extras import extra
from plurel_prob.cli.numbers import NonNegativeInt, PositiveInt
from plurel_prob.errors import DatabaseError
from plurel_prob.programs.files import use_compilation_cache

ROWS, CELLS = Group("Network of rows only"), Group("Network of cells only")


def pretrain(
    *,
    network: Literal["rows", "cells"] = "rows",
    data: Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())] = None,
    out: Path,
    size: Literal["small", "base", "large", "tiny", "paper"] | None = None,
    steps: PositiveInt | None = None,
    batch_size: PositiveInt | None = None,
    learning_rate: PositiveFloat | None = None,
    seed: NonNegativeInt = 0,
    prior: Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())] = None,
    first_seed: NonNegativeInt = 1_000_000,
    init: Path | None = None,
    validation: Annotated[list[Path] | None, Parameter(consume_multiple=True, negative=())] = None,
    checkpoint_every: PositiveInt = 500,
    log_every: PositiveInt = 10,
    rows: Annotated[PositiveInt | None, Parameter(group=ROWS)] = None,
    features: Annotated[PositiveInt | None, Parameter(group=ROWS)] = None,
    relabelled: Annotated[float | None, Parameter(group=ROWS)] = None,
    tasks_per_database: Annotated[PositiveInt | None, Parameter(group=ROWS)] = None,
    experts: Annotated[bool | None, Parameter(group=ROWS)] = None,
    context_length: Annotated[PositiveInt | None, Parameter(group=CELLS)] = None,
    masked: Annotated[PositiveInt | None, Parameter(group=CELLS)] = None,
    task: Annotated[str | None, Parameter(group=CELLS)] = None,
    text_encoder: Annotated[str | None, Parameter(group=CELLS)] = None,
) -> None:
    """Train a network that predicts over databases, on databases that were drawn; an interrupted run goes on.

    The network of rows predicts rows of a table from hundreds of labelled ones, which it is given as a context. It is trained on
    tasks of databases: to complete any column, and to forecast child rows (whether they come, how many, mean, sum and latest of a
    column, the time until the next); and on random functions of the features of these tasks. With no option but --out it draws
    databases as it goes: 1,000 steps, about 17 minutes of one core.

    The network of cells, a relational transformer, predicts hidden cells of small parts of databases.

    Of a database that was not drawn, rows up to its validation timestamp are trained on; of a drawn one, all.

    For example:

        plurel-prob pretrain --out out/run
        plurel-prob pretrain --prior realistic --no-experts --steps 500 --out out/plain
        plurel-prob pretrain --network cells --data out/corpus --size tiny --steps 500 --out out/cells

    Args:
        network: what is trained.
        data: folders of databases in RelBench format, or of many (plurel-0, ...); or `stream`, fresh databases without end, which
            is the default.
        out: folder of the run: settings, log, TensorBoard files and checkpoints; of a network of rows its weights, too,
            rows.safetensors; `predict` and `evaluate` take it as --checkpoint.
        size: size of the network. Rows: small (0.1 M parameters, the default), base (0.5 M) or large (3 M). Cells: tiny (0.5
            M, the default), small (2.8 M) or paper (21 M).
        steps: batches to train on; 1000 by default.
        batch_size: tasks of a batch, 16 by default; or contexts of cells, 32, a multiple of the number of devices.
        learning_rate: peak learning rate, with a warm-up before it and a decay after. By default 2e-3 for rows, 5e-4 for cells.
        seed: random seed of the initial weights, and of the tasks or contexts.
        prior: prior of a stream's databases: a name (plurel, compact, realistic, plurel-untruncated), or a TOML file; for
            rows several, which take turns. By default compact and plurel for rows, plurel for cells.
        first_seed: seed of a stream's first database; by default far from those that `sample` draws.
        init: another run, whose last weights are the first of this one: continued pretraining, or fine-tuning on a task.
        validation: folders as in --data, held out: the log gets the loss on them at every checkpoint, beside that of the
            untrained network, or of each column's mean. A stream for rows holds other fresh databases out by default.
        checkpoint_every: steps between checkpoints; the last two are kept.
        log_every: steps between lines of the log.
        rows: rows of a task, context and queries; by default 400.
        features: features of a task at most; by default 40.
        relabelled: share of tasks whose labels are random functions of features; by default 0.6.
        tasks_per_database: tasks of all batches for each database that is drawn or read; by default 32.
        experts: ridge regressions with exact solutions, whose predictions the network reads and corrects; with --no-experts it
            predicts alone.
        context_length: cells of a context; a multiple of 32; by default 256.
        masked: cells of a context that are hidden and predicted: its target, and others; by default an eighth of the context,
            with --task the label alone.
        task: train on the training labels of this task of the one database in --data, instead of its cells.
        text_encoder: hashed, the default, or a model of the package sentence-transformers, by its name or path.
    """
    of_rows: dict[str, Any] = {"rows": rows, "features": features, "relabelled": relabelled, "experts": experts}
    of_rows |= {"tasks_per_database": tasks_per_database}
    of_cells: dict[str, Any] = {"context_length": context_length, "masked": masked, "task": task, "text_encoder": text_encoder}
    _refuse(network, of_cells if network == "rows" else of_rows)
    settings = {"size": size, "n_step": steps, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    run = {"init": init, "checkpoint_every": checkpoint_every, "log_every": log_every}
    with extra("rfm"):
        from plurel_prob.cli.pretraining import cells as cells_network
        from plurel_prob.cli.pretraining import rows as rows_network

    use_compilation_cache()
    source = data or ["stream"], first_seed, validation, out, _given(settings), run
    if network == "cells":
        cells_network.train(prior or ["plurel"], *source, **of_cells)
    else:
        rows_network.train(prior or ["compact", "plurel"], *source, **_given(of_rows))


def _refuse(network: str, others: dict[str, Any]) -> None:
    """Refuse options of the other network.

    Raises:
        DatabaseError: one is given.
    """
    for name in _given(others):
        other = "cells" if network == "rows" else "rows"
        option = f"--{name.replace('_', '-')}"
        raise DatabaseError(f"{option} belongs to --network {other}; leave it out, or give --network {other}")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
