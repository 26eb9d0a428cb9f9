from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from relbench.manifest import TableSpec

from plurel_prob import DatabaseError
from plurel_prob.tasks import SplitDatabase, Task, forecast_tasks, split_database
from plurel_prob.tasks.forecast import MAX_LABEL
from plurel_prob.tasks.labels import labeller, quoted
from plurel_prob.tasks.task import task_name
from plurel_prob.tasks.windows import n_entity, n_with_child, possible_lengths
from tests.tasks.loops import loop_labels, window_starts
from tests.tasks.small import LAST, TEST, VAL, keys, random_database, shop, times, write


def edge_of(database: SplitDatabase, task: Task) -> tuple[str, str, str]:
    parts = [(parent, child, key) for child, schema in database.schemas.items() for key, parent in schema.fkeys.items()]
    named = [
        edge for edge in parts if f"JOIN {quoted(edge[1])} AS c" in task.manifest.sql and edge[0] == task.manifest.entity_table
    ]
    (edge,) = [edge for edge in named if f"c.{quoted(edge[2])} AS parent_row" in task.manifest.sql]
    return edge


def mean_column(database: SplitDatabase, edge: tuple[str, str, str], task: Task) -> str | None:
    columns = [column for column in database.schemas[edge[1]].columns if f"list({'c.' + quoted(column)})" in task.manifest.sql]
    return columns[0] if columns else None


def loops(database: SplitDatabase, task: Task) -> dict[str, dict[tuple[pd.Timestamp, int], float]]:
    """Labels of each split by time and parent row."""
    edge, length = edge_of(database, task), pd.Timedelta(task.manifest.timedelta)
    column, labels = mean_column(database, edge, task), {}
    for split, starts in window_starts(database, length).items():
        values = loop_labels(database, edge, column, starts, length)
        if column:
            labels[split] = {entity: float(np.mean(np.float64(inside))) for entity, inside in values.items() if inside}
        elif task.manifest.task_type == "binary_classification":
            labels[split] = {entity: int(len(inside) > 0) for entity, inside in values.items()}
        else:
            labels[split] = {entity: len(inside) for entity, inside in values.items()}
    return labels


def rows_of(table: pd.DataFrame) -> list[tuple[pd.Timestamp, int]]:
    return list(zip(table.iloc[:, 0], table.iloc[:, 1], strict=True))


def check_against_loops(database: SplitDatabase, task: Task) -> None:
    for split, expected in loops(database, task).items():
        table = task.labels[split]
        assert rows_of(table) == sorted(expected)
        is_mean = not np.issubdtype(table.dtypes.iloc[2], np.integer)
        labels = [expected[entity] for entity in rows_of(table)]
        np.testing.assert_allclose(table.iloc[:, 2], labels, rtol=1e-12 if is_mean else 0, atol=1e-12 if is_mean else 0)


@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(3, 30), marks=pytest.mark.slow)], ids=str)
def test_labels_are_those_of_plain_loops(seeds, tmp_path):
    kinds: list[str] = []
    for seed in seeds:
        database = split_database(random_database(tmp_path / str(seed), seed))
        for task in forecast_tasks(database):
            check_against_loops(database, task)
            kinds.append(task.manifest.target_col[:4])
    assert min(kinds.count(kind) for kind in ("has_", "n_ch", "mean")) >= len(seeds) // 2


def test_every_key_of_a_timed_table_has_tasks(tmp_path):
    database = split_database(shop(tmp_path / "shop"))
    tasks = {task.manifest.name: task for task in forecast_tasks(database)}
    edges = [
        ("users", "order_items", "buyer"),
        ("users", "order_items", "so_called__recipient_"),
        ("articles", "order_items", "article"),
        ("order_items", "order_items", "before"),
    ]
    assert list(tasks) == [task_name(*edge, end) for edge in edges for end in ("any", "count", "mean_odd_name")]
    for task in tasks.values():
        check_against_loops(database, task)


def test_nothing_after_a_window_matters(tmp_path):
    database = split_database(shop(tmp_path / "shop"))
    for task in [task for task in forecast_tasks(database) if task.manifest.entity_table != "users"]:
        length, edge = pd.Timedelta(task.manifest.timedelta), edge_of(database, task)
        child, key = edge[1], edge[2]
        frame, time_col = database.tables[child].copy(), database.schemas[child].time_col
        for end in (VAL, TEST + length):
            is_later = (frame[time_col] > end) & (frame[time_col] < LAST)
            changed = frame.copy()
            changed.loc[is_later, [key, "odd name"]] = [None, 1e6]
            other = replace(database, tables=database.tables | {child: changed})
            with labeller(other) as runs:
                tables = {split: runs.labels(task.manifest.sql, length, split, edge[0]) for split in task.labels}
            for split, before in task.labels.items():
                n_over = int((before.iloc[:, 0] + length <= end).sum())  # sorted by time
                pd.testing.assert_frame_equal(tables[split][:n_over], before[:n_over], check_exact=True)
            assert end == TEST + length or not tables["test"].equals(task.labels["test"])


def test_a_parent_row_is_asked_about_from_its_time_on(tmp_path):
    database = split_database(shop(tmp_path / "shop"))
    (task,) = [task for task in forecast_tasks(database) if task.manifest.name == "articles-order_items-article-any"]
    since = database.tables["articles"]["since"]
    for table in task.labels.values():
        assert all(since[row] <= time for time, row in rows_of(table))
        assert {row for time, row in rows_of(table)} == set(since.index[since <= min(table["date"].max(), TEST)])


def test_long_label_tables_are_thinned_out(tmp_path):
    rng, n_row, n_parent = np.random.default_rng(1), 5_000, 1_500
    events = pd.DataFrame({"at": times(rng, n_row), "of": keys(rng, n_row, n_parent, 0.0, "Int64"), "x": rng.normal(size=n_row)})
    frames = {"things": pd.DataFrame({"id": np.arange(n_parent)}), "events": events}
    specs = {"things": TableSpec("id", None, {}), "events": TableSpec(None, "at", {"of": "things"})}
    database = split_database(write(tmp_path / "long", frames, specs))
    *thinned, whole = forecast_tasks(database)
    check_against_loops(database, whole)  # means, of the fewer rows that have a child row
    for task in thinned:
        all_labels = loops(database, task)
        share = MAX_LABEL / len(all_labels["train"])
        assert 0.3 < share < 0.7
        for split, expected in all_labels.items():
            kept = rows_of(task.labels[split])
            assert abs(len(kept) - share * len(expected)) < 5 * np.sqrt(share * len(expected))
            assert task.labels[split].iloc[:, 2].tolist() == [expected[entity] for entity in kept]
        n_kept = task.labels["train"]["id"].value_counts().reindex(range(n_parent), fill_value=0)
        n_window = len(all_labels["train"]) // n_parent
        assert n_kept.var() < 2 * n_window * share * (1 - share)  # at every time other rows


def test_lengths_are_those_that_relbench_allows(tmp_path):
    database = split_database(shop(tmp_path / "shop"))
    assert [length.days for length in possible_lengths(database)] == [1, 3, 7, 14, 30]  # 60 days do not fit before the test
    short = replace(database, test_timestamp=VAL + pd.Timedelta(hours=7))
    assert possible_lengths(short) == []  # 6 hours fit, but 1,464 times before
    early = replace(database, val_timestamp=database.first + pd.Timedelta(days=9))
    assert max(possible_lengths(early)) == pd.Timedelta(days=3)  # three times
    edge = ("articles", "order items", "article")
    for length in possible_lengths(database):
        starts = window_starts(database, length)["train"]
        inside = loop_labels(database, edge, None, starts, length)
        assert n_entity(database, "articles", length) == len(inside)
        assert n_with_child(database, edge, length) == sum(len(values) > 0 for values in inside.values())


def test_names_that_sql_confuses_are_an_error(tmp_path):
    database = split_database(shop(tmp_path / "shop"))
    for name in ("Timestamps", "USERS"):
        tables, schemas = database.tables | {name: database.tables["users"]}, database.schemas | {name: database.schemas["users"]}
        with pytest.raises(DatabaseError, match=f"takes table {name}.*rename"):
            list(forecast_tasks(replace(database, tables=tables, schemas=schemas)))


def test_columns_that_sql_confuses_are_left_out(tmp_path):
    folder = shop(tmp_path / "shop")
    path = folder / "db" / "order items.parquet"
    frame = pd.read_parquet(path)
    frame.assign(**{"Odd Name": frame["odd name"] + 1, "BUYER": 1.0}).to_parquet(path, index=False)
    names = [task.manifest.name for task in forecast_tasks(split_database(folder))]
    assert names and not any("buyer" in name or "mean_odd" in name for name in names)
    assert any(name.endswith("mean_value") for name in names)


@pytest.mark.parametrize("where", ["table", "column"])
def test_names_that_the_sql_of_a_task_would_change_are_an_error(where, tmp_path):
    database = split_database(shop(tmp_path / "shop"))
    name = next(iter(database.tables))
    if where == "table":
        database.tables["{timedelta}"] = database.tables[name]
        database.schemas["{timedelta}"] = database.schemas[name]
    else:
        database.tables[name]["a {timedelta}"] = 0
    with pytest.raises(DatabaseError, match="{timedelta}, of table .*, is changed in SQL"):
        list(forecast_tasks(database))
