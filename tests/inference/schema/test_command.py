"""From the keys of a database to the command's output."""

import pandas as pd
import pytest
import xarray

from plurel_prob.cli import infer_schema as infer_schema_command
from plurel_prob.databases import Database, DatabaseSchema
from plurel_prob.databases.schema import TableSchema
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.schema import graph_log_prob, table_graph


def test_keys_of_a_database_become_edges():
    keys = {"a": {}, "b": {"first": "a", "second": "a", "up": "b"}, "c": {"x": "a", "y": "b"}}
    schemas = {name: table_schema(fkeys) for name, fkeys in keys.items()}
    observed = Database("tiny", {name: pd.DataFrame() for name in keys}, DatabaseSchema(schemas))
    assert set(table_graph(observed).edges) == {("a", "b"), ("a", "c"), ("b", "c")}
    broken = Database("tiny", observed.tables, DatabaseSchema({"b": table_schema({"first": "a"})}))
    with pytest.raises(DatabaseError, match="b.first refers to a, which is no table"):
        table_graph(broken)


def test_the_command_prints_and_writes(tmp_path, monkeypatch, capsys):
    keys = {"users": {}, "posts": {"user": "users"}, "votes": {"user": "users", "post": "posts"}}
    observed = Database(
        "tiny", dict.fromkeys(keys, pd.DataFrame()), DatabaseSchema({k: table_schema(v) for k, v in keys.items()})
    )
    monkeypatch.setattr(infer_schema_command, "opened", lambda source: observed)
    out = tmp_path / "draws.nc"
    infer_schema_command.schema(str(tmp_path), draws=50, out=out)
    printed = capsys.readouterr().out
    assert "tiny: 3 tables, 3 references; prior plurel" in printed
    assert f"{graph_log_prob(table_graph(observed)):.2f} nats" in printed
    assert list(tmp_path.iterdir()) == [out]
    with xarray.open_datatree(out) as tree:
        assert tree["posterior"]["place"].shape == (1, 50, 3)
        assert set(tree["posterior"]["table"].values) == set(keys)
    with pytest.raises(DatabaseError, match="there is no folder"):
        infer_schema_command.schema(str(tmp_path), out=tmp_path / "missing" / "draws.nc")


def table_schema(fkeys):
    return TableSchema(n_row=1, pkey=None, fkeys=fkeys, time_col=None, columns={})
