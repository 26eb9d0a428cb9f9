"""``plurel-prob tasks``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from rich.measure import Measurement
from rich.table import Table

from plurel_prob.cli.output import PlainConsole

if TYPE_CHECKING:
    from plurel_prob.tasks import Task
else:
    Task = Any  # imported where tasks are made: pandas and RelBench are slow to import


def tasks(
    path: Path,
    /,
    *,
    kind: Literal["autocomplete", "forecast"] | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Add prediction tasks to a database in RelBench format, drawn or real.

    Autocomplete tasks ask for a column of a row that has a time; forecast tasks for the rows that will refer to a row in a
    window of time: whether there is one, how many there are, and the mean of a number.

    Args:
        path: folder of the database, such as out/plurel-0.
        kind: autocomplete or forecast; both by default.
        overwrite: replace tasks of the same name that are there, unless other files lie with them.
    """
    from plurel_prob.tasks import add_tasks, split_database, why_none

    written, kept = add_tasks(path, kind, overwrite=overwrite)
    console = PlainConsole(soft_wrap=True)
    if written:
        print_whole(tasks_table(written))
    if kept:
        console.print(f"{len(kept):,} tasks were there already, such as {kept[0]}.")
    console.print(f"{len(written):,} tasks written to {path / 'tasks'}.")
    kinds = {kind} if kind else {"autocomplete", "forecast"}
    for missing in sorted(kinds - {task.manifest.kind for task in written}) if not kept else ():
        console.print(f"No {missing} task: {why_none(split_database(path), missing)}.")


def tasks_table(written: Sequence[Task]) -> Table:
    """Return a row for each task: kind, type and number of labels."""
    table = Table("task", "kind", "type", "train", "val", "test")
    for column in table.columns[3:]:
        column.justify = "right"
    for task in written:
        task_type = task.manifest.task_type.removesuffix("_classification")
        table.add_row(task.manifest.name, task.manifest.kind, task_type, *(f"{n:,}" for n in task.n_label.values()))
    return table


def print_whole(table: Table) -> None:
    """Print a table in its full width, so that names can be copied, however narrow the terminal."""
    console = PlainConsole()
    wide = console.options.update(max_width=10_000)
    console.width = max(console.width, Measurement.get(console, wide, table).maximum)
    console.print(table)
