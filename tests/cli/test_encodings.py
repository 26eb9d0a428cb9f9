"""Names that the encoding of the system has not."""

import pandas as pd
import pytest
import yaml

from plurel_prob.databases.manifest import read_manifest
from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable
from plurel_prob.stores import write_store
from tests.stores.test_convert import contents
from tests.test_sampling import run

pytest.importorskip("sqlglot", reason="the extra sql is not installed")

ASCII = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
RUN = """
import sys
from plurel_prob.cli.run import run
print([run(command.split()) for command in sys.argv[1:]], file=sys.stderr)
"""


def store(path, name):
    """A SQLite file with one table, whose columns have a name."""
    columns = (Column(f"{name} key", "integer", False, bits=64), Column(name, "float", False), Column("at", "timestamp", False))
    rows = {f"{name} key": range(90), name: [k % 7 * 0.5 for k in range(90)], "at": pd.date_range("2020-01-01", periods=90)}
    declared = DeclaredSchema((DeclaredTable("t", columns, (f"{name} key",)),), "t")
    write_store({"t": pd.DataFrame(rows)}, declared, path, "sqlite")


def test_files_are_the_same_in_every_encoding(tmp_path):
    store(tmp_path / "t.sqlite", "Größe 汉字")
    written = []
    for place, env in (("a", ASCII), ("b", {"PYTHONUTF8": "1"})):
        out = tmp_path / place / "t"
        commands = [f"convert {tmp_path}/t.sqlite --to {to} --out {out}/{to}" for to in ("csv", "relbench")]
        commands += [f"{command} {out}/relbench" for command in ("tasks", "validate")]
        commands += [f"convert {out}/relbench --to huggingface --out {out}/huggingface", f"show {out}/relbench --out {out}/page"]
        done = run("-c", RUN, *commands, env=env)
        assert done.stderr.endswith("[0, 0, 0, 0, 0, 0]\n"), done.stderr
        assert ("Gr\\xf6\\xdfe \\u6c49\\u5b57 key" if env is ASCII else "Größe 汉字 key") in done.stdout
        written.append(
            {name: text for name, text in contents(out).items() if name.endswith((".yaml", ".sql", ".md", ".json", "page"))}
        )
    assert written[0] == written[1] and len(written[0]) > 8
    assert read_manifest(tmp_path / "a" / "t" / "relbench").tables["t"].pkey == "Größe 汉字 key"
    assert "Größe 汉字 key" in written[0]["relbench/manifest.yaml"].decode()
    assert all(isinstance(yaml.safe_load(text), dict) for name, text in written[0].items() if name.endswith(".yaml"))


def test_names_of_files_that_the_system_cannot_encode(tmp_path):
    columns = (Column("id", "integer", False, bits=64),)
    tables, declared = {"größe": pd.DataFrame({"id": [1]})}, DeclaredSchema((DeclaredTable("größe", columns, ("id",)),), "t")
    write_store(tables, declared, tmp_path / "t.sqlite", "sqlite")
    write_store(tables, declared, tmp_path / "csv", "csv")
    commands = [f"convert {tmp_path}/{path} --to parquet --out {tmp_path}/out" for path in ("t.sqlite", "csv")]
    done = run("-c", RUN, *commands, env=ASCII)
    assert done.stderr.endswith("[2, 2]\n") and done.stderr.count("plurel-prob: ") == 2, done.stderr
    assert "table 'gr\\xf6\\xdfe' cannot be the name of a file" in done.stderr and not (tmp_path / "out").exists()
