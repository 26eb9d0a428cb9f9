"""The command, and what it says."""

import pytest
from cyclopts import App

from plurel_prob import DatabaseError
from plurel_prob.cli.validate import validate as command
from plurel_prob.validation import Violation, validate
from tests.validation.broken import folder, put, right

__all__ = ["folder", "right"]  # fixtures
MANIFESTS = {
    "name: shop": "needs tables",
    "- a": "is no mapping",
    "name: [": "cannot be read",
    "tables: {users: {}}": "needs a name",
    "name: a\ntables: {users: {}}\nval_timestamp: soon\ntest_timestamp: 2021-01-01": "must be times",
    "name: a\ntables: {users: {}}\nval_timestamp: 2021-01-01\ntest_timestamp: 2020-01-01": "before test_timestamp",
}


@pytest.mark.parametrize("text", MANIFESTS)
def test_a_broken_manifest(text, folder):
    (folder / "manifest.yaml").write_text(text)
    (problem,) = validate(folder)
    assert problem.rule == "manifest" and MANIFESTS[text] in problem.message


def run(*arguments):
    app = App()
    app.command(command)
    app(["validate", *map(str, arguments)], exit_on_error=False, print_error=False, result_action="return_value")


def test_the_command(folder, capsys):
    run(folder, "--for", "rt")
    assert "is as rt needs it" in capsys.readouterr().out
    put("buyer", [5, 9], -1)(folder)
    with pytest.raises(SystemExit, match="1"):
        run(folder)
    said = capsys.readouterr().out
    assert "fkey-range" in said and "fkey-range 1." in said
    with pytest.raises(DatabaseError, match="no such folder"):
        run(folder / "nothing")
    with pytest.raises(DatabaseError, match="has no manifest.yaml"):
        run(folder / "db")


def test_a_problem_counts_rows(folder):
    put("buyer", [5, 9], 30)(folder)
    (problem,) = validate(folder)
    assert isinstance(problem, Violation) and (problem.row, problem.n_row) == (5, 2) and "from 0 to 29" in problem.message
