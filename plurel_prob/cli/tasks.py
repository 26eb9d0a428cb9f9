"""``plurel-prob tasks``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from rich.table import Table

from plurel_prob.cli.output import SWITCH, AsJson, PlainConsole, new_table, print_json, print_table

if TYPE_CHECKING:
    from plurel_prob.tasks import Task
else:
    Task = Any  # imported where tasks are made: pandas and RelBench are slow to import


def tasks(
    path: Path,
    /,
    *,
    kind: Literal["autocomplete", "forecast"] | None = None,
    list: Annotated[bool, SWITCH] = False,
    overwrite: Annotated[bool, SWITCH] = False,
    as_json: AsJson = False,
) -> None:
    """Add prediction tasks to a database in RelBench format, drawn or real, or list those that it has.

    Autocomplete tasks ask for a column of a row that has a time; forecast tasks for the rows that will refer to a row in a
    window of time: whether there is one, how many there are, and the mean of a number.

    For example:

        plurel-prob tasks out/plurel-10
        plurel-prob tasks out/plurel-10 --list

    Args:
        path: folder of the database, such as out/plurel-10.
        kind: autocomplete or forecast; both by default.
        list: write nothing; print the tasks that are there.
        overwrite: replace tasks of the same name that are there, unless other files lie with them.
        as_json: print JSON, and nothing else.
    """
    if list:
        print_tasks(path, as_json)
        return
    from plurel_prob.tasks import add_tasks, split_database, why_none

    written, kept = add_tasks(path, kind, overwrite=overwrite)
    if as_json:
        print_json({"written": [content_of(task) for task in written], "kept": kept})
        return
    console = PlainConsole(soft_wrap=True)
    if written:
        print_table(tasks_table(written))
    if kept:
        console.print(f"{len(kept):,} tasks were there already, such as {kept[0]}.")
    console.print(f"{len(written):,} tasks written to {path / 'tasks'}.")
    _suggest(console, path, [task.manifest for task in written])
    kinds = {kind} if kind else {"autocomplete", "forecast"}
    for missing in sorted(kinds - {task.manifest.kind for task in written}) if not kept else ():
        console.print(f"No {missing} task: {why_none(split_database(path), missing)}.")


def tasks_table(written: Sequence[Task]) -> Table:
    """Return a row for each task: kind, type and number of labels."""
    table = new_table("task", "kind", "type", numbers=("train", "val", "test"))
    for task in written:
        table.add_row(task.manifest.name, task.manifest.kind, type_of(task.manifest), *(f"{n:,}" for n in task.n_label.values()))
    return table


def type_of(manifest: Any) -> str:
    """Type of a task in a word or two."""
    return str(manifest.task_type).removesuffix("_classification").replace("_", " ")


def content_of(task: Task) -> dict[str, Any]:
    """A task that was written, for machines."""
    return {"task": task.manifest.name, "kind": task.manifest.kind, "type": task.manifest.task_type, "labels": task.n_label}


def print_tasks(path: Path, as_json: bool) -> None:
    """Print the tasks of a folder."""
    from plurel_prob.tasks import manifests_of

    found = manifests_of(path)
    if as_json:
        print_json([manifest.to_dict() for manifest in found])
        return
    console = PlainConsole(soft_wrap=True)
    if not found:
        console.print(f"{path} has no tasks. Add some: plurel-prob tasks {path}")
        return
    table = new_table("task", "kind", "type", "of table", "predicts")
    for task in found:
        table.add_row(task.name, task.kind, type_of(task), task.entity_table or "", task.target_col or "")
    print_table(table)
    _suggest(console, path, found)


def _suggest(console: PlainConsole, path: Path, manifests: Sequence[Any]) -> None:
    """Name the command for the first task that can be predicted."""
    from plurel_prob.tasks.forecast import BINARY, REGRESSION

    name = next((manifest.name for manifest in manifests if manifest.task_type in (BINARY, REGRESSION)), None)
    if name is not None:
        console.print(f"Predict one: plurel-prob predict {path} --task {name}")
