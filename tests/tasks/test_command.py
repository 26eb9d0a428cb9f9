import re

import numpy as np
import pandas as pd
import pytest
from cyclopts import App
from relbench.manifest import TableSpec

from plurel_prob import DatabaseError
from plurel_prob.cli.tasks import tasks
from tests.tasks.small import VAL, keys, shop, times, write


def run(*arguments):
    app = App()
    app.command(tasks)
    app(["tasks", *map(str, arguments)], exit_on_error=False, print_error=False, result_action="return_value")


def test_tasks(tmp_path, capsys):
    folder = shop(tmp_path / "shop")
    run(folder, "--kind", "autocomplete")
    said = capsys.readouterr().out
    assert f"5 tasks written to {folder / 'tasks'}." in said
    row = next(line for line in said.splitlines() if "order_items-is_gift" in line)
    assert "autocomplete" in row and "560" in row
    run(folder)
    said = capsys.readouterr().out
    assert "5 tasks were there already, such as order_items-value." in said and "12 tasks written" in said
    run(folder, "--overwrite", "--kind", "forecast")
    assert "12 tasks written" in capsys.readouterr().out
    with pytest.raises(DatabaseError, match="no such file"):
        run(tmp_path / "nothing")


N = 200
AT, NUMBER = times(np.random.default_rng(0), N), np.arange(N) % 7 * 1.0
ONCE = pd.DataFrame({"version": [f"2020{i:04}" for i in range(3)]})  # of migrations: neither key, nor time, nor number


@pytest.mark.parametrize(
    ("events", "spec", "autocomplete", "forecast"),
    [
        ({"of": [0] * N, "x": NUMBER}, (None, {"of": "parents"}), "no table has a time, .*time_col", "no table has a time, "),
        ({"at": AT, "word": "a"}, ("at", {}), r"\(events\) has a column of numbers", "with a time has a foreign key"),
        ({"at": AT, "x": 1.0}, ("at", {}), "column of events has 10 labels in each split", "with a time has a foreign key"),
        ({"at": AT[::-1], "x": NUMBER}, ("at", {}), "rows that are sorted by time", "with a time has a foreign key"),
        (
            {"at": AT, "of": 0},
            ("at", {"of": "parents"}),
            "has a column of numbers",
            r"key .*\(events.of\) are there 10 labels",
        ),
        (
            {"at": (VAL.to_datetime64() - np.arange(N)[::-1] * np.timedelta64(1, "s")).astype("datetime64[us]"), "of": 0},
            ("at", {"of": "parents"}),
            "has a column of numbers",
            "no window of 1 hour to ten years fits .*val_timestamp 2021-01-01",
        ),
    ],
)
def test_no_task_has_a_reason(events, spec, autocomplete, forecast, tmp_path, capsys):
    frames = {"migrations": ONCE, "parents": pd.DataFrame({"id": np.arange(5)}), "events": pd.DataFrame(events, index=range(N))}
    specs = {"migrations": TableSpec(), "parents": TableSpec("id"), "events": TableSpec(None, spec[0], spec[1])}
    folder = write(tmp_path / "small", frames, specs)
    run(folder)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("0 tasks written") and len(said) == 3
    assert re.search(f"No autocomplete task: .*{autocomplete}", said[1])
    assert re.search(f"No forecast task: .*{forecast}", said[2])
    run(folder, "--kind", "forecast")
    assert capsys.readouterr().out.splitlines()[1:] == said[2:]


def test_a_table_without_key_time_and_number(tmp_path, capsys):
    rng = np.random.default_rng(0)
    events = pd.DataFrame({"at": AT, "of": keys(rng, N, 5, 0.0, "Int64"), "x": rng.normal(size=N)})
    frames = {"migrations": ONCE, "parents": pd.DataFrame({"id": np.arange(5)}), "events": events}
    specs = {"migrations": TableSpec(), "parents": TableSpec("id"), "events": TableSpec(None, "at", {"of": "parents"})}
    run(write(tmp_path / "small", frames, specs))
    said = capsys.readouterr().out
    assert "events-x" in said and "parents-events-of-count" in said and "No " not in said
