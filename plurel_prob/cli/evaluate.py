"""``plurel-prob evaluate``."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.types import NonNegativeInt, PositiveInt
from rich.table import Table

from plurel_prob.cli.extras import extra
from plurel_prob.cli.output import PlainConsole, check_out, plain, write_whole
from plurel_prob.cli.sample import use_compilation_cache
from plurel_prob.errors import DatabaseError

if TYPE_CHECKING:
    from plurel_prob.rfm.evaluation import Evaluation
else:
    Evaluation = Any  # it imports JAX


def evaluate(
    *,
    checkpoint: Path,
    data: str,
    task: Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())] = None,
    fine_tune: NonNegativeInt = 0,
    context_length: PositiveInt | None = None,
    baselines: bool = True,
    text_encoder: str = "hashed",
    out: Path | None = None,
) -> None:
    """Predict the tasks of a database with a trained network, without training on it, and compare with baselines.

    A table shows AUROC of binary tasks (higher is better), and NMAE (lower is better) and R2 of regressions, on validation and
    test split: of the mean of the training labels, the entity's own history, LightGBM on simple aggregates, and the network.

    Args:
        checkpoint: a run of `plurel-prob pretrain`; its last checkpoint counts.
        data: folder of a database in RelBench format, with tasks; or one that RelBench downloads, such as
            stanford-star/relbench-v1/rel-f1.
        task: names of tasks; all of binary classification and regression by default.
        fine_tune: also train the network on the training labels for as many steps, and evaluate it again.
        context_length: cells of a context; by default as many as in training.
        baselines: evaluate them too.
        text_encoder: that the network was trained with: hashed, or a model of the package sentence-transformers. Only this option
            chooses it, never a file of the run, because it may be downloaded.
        out: file to write the figures into, a line of JSON for each; one that exists is replaced.
    """
    with extra("rfm"):
        from plurel_prob.rfm.cells.training import load_model
        from plurel_prob.rfm.evaluation import evaluate as evaluations
        from plurel_prob.rfm.evaluation import task_names

    check_out(out)
    use_compilation_cache()
    folder = folder_of(data)
    names = task_names(folder, task or ())
    run, console = load_model(checkpoint, text_encoder), PlainConsole(stderr=True)
    found: list[Evaluation] = []
    with console.status("predicting") as status:
        for name in names:
            with passing_over(console, not task):
                found += evaluations(
                    run,
                    folder,
                    name,
                    context_length=context_length,
                    fine_tuning=fine_tune,
                    baselines=baselines,
                    on_progress=lambda what: status.update(plain(what)),
                )
    if not found:
        raise DatabaseError(f"--data {data}: none of its tasks can be predicted")
    PlainConsole().print(table_of(found))
    if out is not None:
        lines = [json.dumps(evaluation._asdict()) + "\n" for evaluation in found]
        write_whole(out, lambda path: path.write_text("".join(lines), encoding="utf-8"))
        PlainConsole().print(f"Written to {out}.", soft_wrap=True)


@contextmanager
def passing_over(console: PlainConsole, is_one_of_all: bool) -> Iterator[None]:
    """Go on with the other tasks where one of all cannot be predicted; fail where it was asked for."""
    try:
        yield
    except DatabaseError as error:
        if not is_one_of_all:
            raise
        console.print(f"left out: {error}", soft_wrap=True)


def folder_of(data: str) -> Path:
    """Folder of a database, downloaded by RelBench if it is the name of one on the Hub (organisation/repository/database).

    Raises:
        DatabaseError: it cannot be downloaded.
    """
    path = Path(data)
    if path.exists() or path.is_absolute() or data.startswith(".") or len(path.parts) < 3:
        return path
    import relbench

    try:
        return Path(relbench.load_dataset(data).dataset_dir)
    except Exception as error:  # of the many packages that a download goes through
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DatabaseError(f"--data {data}: no such folder, and RelBench cannot download it: {reason}") from None


def table_of(evaluations: list[Evaluation]) -> Table:
    """A row for each task and figure, a column for each method and split."""
    methods = list(dict.fromkeys(evaluation.method for evaluation in evaluations))
    table = Table("task", "split", "figure", *methods)
    for column in table.columns[3:]:
        column.justify = "right"
    found = {(e.task, e.split, figure, e.method): value for e in evaluations for figure, value in e.figures.items()}
    for task, split, figure in dict.fromkeys(key[:3] for key in found):
        table.add_row(task, split, figure, *(f"{found[task, split, figure, method]:.3f}" for method in methods))
    return table
