import os
import re

import pytest

from plurel_prob.errors import DatabaseError
from plurel_prob.files import check_names


@pytest.mark.parametrize(
    "name",
    ["a\\b", "a/b", "", ".hidden", "..", "tab\there", "line\nend", "\x7f", "con", "Aux", "LPT9", "com1.old", "nul "]
    + ["x" * 248, "\u00fc" * 124, "\ud800"],
)
def test_names_that_some_disk_cannot_keep(name):
    with pytest.raises(DatabaseError, match=r"^x.sql: table .* cannot be the name of a file: it .*; rename the table$") as told:
        check_names(["t", name], ".parquet", "x.sql")
    assert len(str(told.value)) < 250 and str(told.value).isprintable()


@pytest.mark.parametrize(
    "name", ["x" * 247, "x y", "\u00fc" * 123, "com", "com10", "console", "aux_", "a.b", "50%", "it's", "e\u0301"]
)
def test_names_of_files(name):
    check_names([name], ".parquet", "x.sql")
    assert len(os.fsencode(f"{name}.parquet")) <= 255


@pytest.mark.parametrize(("a", "b"), [("Events", "events"), ("stra\u00dfe", "STRASSE"), ("caf\u00e9", "CAFE\u0301")])
def test_names_that_some_disk_takes_for_one(a, b):
    with pytest.raises(DatabaseError, match=re.escape(f"x.sql: tables {a} and {b} are one file")):
        check_names([a, "t", b], ".csv", "x.sql")
    check_names([a, f"{b}_"], ".csv", "x.sql")
