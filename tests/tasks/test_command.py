import pytest
from cyclopts import App

from plurel_prob import DatabaseError
from plurel_prob.cli.tasks import tasks
from tests.tasks.small import shop


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
