"""Check a folder against all rules of its readers."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from plurel_prob.databases.frames import index_note, is_index
from plurel_prob.validation import rt, tables, tasks
from plurel_prob.validation.folder import read_folder
from plurel_prob.validation.problem import Violation

Profile = Literal["relbench", "rt"]


def validate(
    path: Path | str, profile: Profile = "relbench", *, on_note: Callable[[str], None] = lambda note: None
) -> list[Violation]:
    """Check a folder in RelBench format, drawn or real, and its tasks.

    Args:
        path: the folder.
        profile: ``relbench``: what RelBench 3 refuses, or silently changes (a reference that it drops); ``rt``: also what stops
            the reader of the Relational Transformer, or changes there.
        on_note: called with what is no problem, in words: pandas' index in a table's file, which is no column here.

    Returns:
        What is wrong: a problem for each rule and column, with its first row and their number.

    Raises:
        DatabaseError: there is no such folder, or it has no manifest.
    """
    folder = read_folder(Path(path))
    problems = list(folder.problems)
    if any(problem.rule == "manifest" for problem in problems):
        return problems
    for table in folder.tables.values():
        for column in filter(is_index, table.rows.column_names):
            on_note(index_note(table.name, column))
    problems += tables.splits_reached(folder)
    table_rules = [*tables.RULES.values(), *(rt.TABLE_RULES.values() if profile == "rt" else ())]
    for table in folder.tables.values():
        for table_rule in table_rules:
            problems += table_rule(folder, table)
    found, unreadable = tasks.read_tasks(folder)
    problems += unreadable
    task_rules = [*tasks.RULES.values(), *(rt.TASK_RULES.values() if profile == "rt" else ())]
    for task in found:
        for task_rule in task_rules:
            problems += task_rule(folder, task)
    if profile == "rt":
        problems += rt.database_problems(folder)
    return problems
