"""Every task of a folder, as RelBench sees it."""

from pathlib import Path

import pandas as pd
import relbench

from plurel_prob.tasks import Task
from plurel_prob.tasks.load import TYPES, load_task
from plurel_prob.tasks.split import SPLITS

PERFECT = {"binary_classification": [1.0], "regression": [0.0], "multiclass_classification": []}  # AUROC, error


def check_with_relbench(folder: Path, tasks: list[Task]) -> None:
    """RelBench finds these tasks, loads them, makes the same labels again, and gives a perfect prediction a perfect score."""
    dataset = relbench.load_dataset(folder)
    assert set(dataset.get_task_names()) >= {task.manifest.name for task in tasks}
    for task in tasks:
        loaded = dataset.load_task(task.manifest.name)
        tables = {split: loaded.get_table(split, mask_input_cols=False) for split in SPLITS}
        assert {split: len(table.df) for split, table in tables.items()} == task.n_label
        if task.manifest.kind == "forecast":
            again = dataset.load_task(task.manifest.name, regenerate=True)
            complete = again.get_db(upto_test_timestamp=False)
            for split, table in tables.items():
                made = again.get_table(split, mask_input_cols=False, db=complete)
                pd.testing.assert_frame_equal(made.df, table.df, check_exact=True)
        check_without_files(folder, task, tables)
        for table in (tables["val"], tables["test"]):
            labels = table.df[loaded.target_col].to_numpy()
            assert list(loaded.evaluate(labels, table).values()) == PERFECT[task.manifest.task_type]
            if task.manifest.task_type == "binary_classification":
                assert loaded.evaluate(~labels.astype(bool), table) == {"roc_auc": 0.0}


def check_without_files(folder: Path, task: Task, tables: dict[str, relbench.base.Table]) -> None:
    """Labels that are made where there are no files are those that RelBench makes, to the bit."""
    if task.manifest.task_type not in TYPES:
        return
    loaded = load_task(folder, task.manifest.name)
    loaded._regenerate = True
    for split, table in tables.items():
        made = loaded.get_table(split, mask_input_cols=False)
        pd.testing.assert_frame_equal(made.df, table.df, check_exact=True)
