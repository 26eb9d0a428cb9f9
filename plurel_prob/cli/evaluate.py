"""``plurel-prob evaluate``."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from plurel_prob.cli.evaluation_tables import means_of, table_of
from plurel_prob.cli.extras import extra
from plurel_prob.cli.numbers import NonNegativeInt, PositiveInt
from plurel_prob.cli.output import AsJson, PlainConsole, Several, check_out, print_table, write_whole
from plurel_prob.cli.progress import Description
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.programs.files import use_compilation_cache

if TYPE_CHECKING:
    from plurel_prob.rfm.evaluation import Evaluation, Method
else:
    Evaluation = Method = Any  # they import JAX

Split = Literal["val", "test"]
Regime = Literal["rolling", "frozen"]
SPLIT: list[Split] = ["test"]  # by default
REGIME: list[Regime] = ["rolling"]
MAX_ROW_OF_CELLS = 5_000  # each of its rows has a context of its own


def evaluate(
    data: Annotated[list[str], Several],
    /,
    *,
    task: Annotated[list[str] | None, Several] = None,
    split: Annotated[list[Split] | None, Several] = None,
    regime: Annotated[list[Regime] | None, Several] = None,
    method: Annotated[list[str] | None, Several] = None,
    checkpoint: Path | None = None,
    max_rows: PositiveInt | None = None,
    fine_tune: NonNegativeInt = 0,
    context_length: PositiveInt | None = None,
    text_encoder: str = "hashed",
    as_json: AsJson = False,
    out: Path | None = None,
) -> None:
    """Predict the tasks of databases by several methods, and compare them.

    For example:

        plurel-prob evaluate rel-f1
        plurel-prob evaluate rel-f1 --task driver-dnf --method rows lightgbm --regime rolling frozen --json
        plurel-prob evaluate rel-f1 --checkpoint out/run

    Each task has a table, with 95% intervals of a bootstrap over entities. Means over tasks follow. Metrics are:

    - of binary tasks AUROC and logarithmic loss;
    - of numbers NMAE (the mean absolute error over the standard deviation of the training labels), R2, the loss of quantiles
      (pinball), and how often intervals of 50, 80 and 90% hold the label.

    Methods are:

    - rows: what `predict` does, with its network and boosted trees;
    - rows_network, rows_untrained: the network alone; the same before training, which is the average of its experts;
    - ridge, lightgbm_context: fitted to the network's contexts of 800 labelled rows, averaged over eight;
    - lightgbm: fitted to all labelled rows, for the mean (R2) and for the median (NMAE) of a number;
    - history, mean: of the entity's own labels that are known; of the training labels;
    - cells, cells_tuned: a network of cells that --checkpoint gives; the same after --fine-tune.

    Args:
        data: folders of databases in RelBench format, with tasks; or those that RelBench downloads, such as
            stanford-star/relbench-v1/rel-f1.
        task: names of tasks; all of binary classification and regression by default, without those that cannot be predicted,
            which are named.
        split: val, test or both; test by default.
        regime: rolling (default), frozen or both. Rolling: features of a row show all that was known at its time, also labels of
            the split whose window has ended, as RelBench has it. Frozen: features show nothing after the split begins. In
            both, methods learn from the labels that are known when the split begins.
        method: names of methods; all by default.
        checkpoint: a run of `plurel-prob pretrain`. A network of rows, or its file of weights, stands for the one that comes with
            the package; a network of cells is another method, cells, to which labels of the split itself are never known.
        max_rows: predict a sample of as many rows, the same for all methods; by default all, with cells 5,000.
        fine_tune: also train the network of cells on the training labels for as many steps: method cells_tuned.
        context_length: cells of a context of the network of cells; by default as many as in training.
        text_encoder: text encoder that the network of cells was trained with: hashed, or a model of the package
            sentence-transformers. Only this option chooses it, never a file of the run, because it may be downloaded.
        as_json: print no tables, but a list in JSON: of each database, task, split, regime, method and metric the value, its
            interval (low, high) and numbers of rows.
        out: file for that list; one that exists is replaced.
    """
    with extra("rfm"):
        from plurel_prob.rfm.evaluation import methods, task_names

        check_out(out)
        use_compilation_cache()
        names = [(folder, name) for folder in map(folder_of, data) for name in task_names(folder, task or ())]
        settings = list(product(split or SPLIT, regime or REGIME))
        found = []
        with EvaluationBar() as steps:
            by = methods(method or (), checkpoint, fine_tune, context_length, text_encoder, on_rows=steps.rows)
            steps.update(steps.line, total=len(names) * len(settings) * len(by))
            n_row = max_rows or (MAX_ROW_OF_CELLS if "cells" in by or "cells_tuned" in by else None)
            for folder, name in names:
                with passing_over(steps, not task):
                    for evaluations in of_settings(folder, name, by, settings, n_row, steps):
                        found += [(folder.name, evaluation) for evaluation in evaluations]
                        if not as_json:
                            with steps.hidden():
                                print_table(table_of(folder.name, evaluations))
    if not found:
        raise DatabaseError(f"{shown(', '.join(data))}: none of the tasks can be predicted")
    records = json.dumps([{"database": name} | record for name, evaluation in found for record in evaluation.records()], indent=1)
    if as_json:
        print(records)
    elif len(names) > 1:
        print_table(means_of([evaluation for _, evaluation in found]))
    if out is not None:
        write_whole(out, lambda path: path.write_text(records + "\n", encoding="utf-8"))
        PlainConsole(stderr=as_json).print(f"Written to {out}.", soft_wrap=True)


def of_settings(
    folder: Path,
    name: str,
    by: Mapping[str, Method],
    settings: Sequence[tuple[Split, Regime]],
    n_row: int | None,
    steps: "EvaluationBar",
) -> Iterator[list[Evaluation]]:
    """Evaluate methods on a task, in one split and regime after another."""
    from plurel_prob.rfm.evaluation import evaluate as evaluations
    from plurel_prob.rfm.rows.tasks import read_task

    steps.begin(f"{name}: reading")
    task = read_task(folder, name)
    for split, regime in settings:
        found, on_method = [], partial(steps.begin_method, f"{name}, {split}, {regime}")
        for evaluation in evaluations(task, by, split=split, regime=regime, max_row=n_row, on_method=on_method):
            found.append(evaluation)
            steps.advance(steps.line)
        yield found


class EvaluationBar(Progress):
    """A bar that shows which task, and which method, is evaluated."""

    def __init__(self) -> None:
        columns = (Description(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        super().__init__(*columns, console=PlainConsole(stderr=True), transient=True)
        self.line, self.what = self.add_task("", total=None), ""

    def begin(self, what: str) -> None:
        """Show what is done now."""
        self.what = what
        self.update(self.line, description=what)

    def begin_method(self, place: str, method: str) -> None:
        """Show the method that predicts now."""
        self.begin(f"{place}: {method}")

    def rows(self, n: int, of: int) -> None:
        """Show how many rows are predicted."""
        self.update(self.line, description=f"{self.what}, {n:,} of {of:,} rows")

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Let others write to the terminal."""
        self.stop()
        yield
        self.start()


@contextmanager
def passing_over(steps: EvaluationBar, is_one_of_all: bool) -> Iterator[None]:
    """Go on with the other tasks where one of all cannot be predicted; fail where it was asked for."""
    try:
        yield
    except DatabaseError as error:
        if not is_one_of_all:
            raise
        steps.console.print(f"left out: {error}", soft_wrap=True)


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
        raise DatabaseError(f"{data}: no such folder, and RelBench cannot download it: {reason}") from None
