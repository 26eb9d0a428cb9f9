"""The list beside a store of what it ignores."""

import pytest

from plurel_prob.drawing import write_ignored
from plurel_prob.errors import DatabaseError


def test_it_is_there_if_something_is_ignored_and_replaces_no_other_file(tmp_path):
    target, path = tmp_path / "x.sqlite", tmp_path / "x.sqlite.ignored.txt"
    write_ignored(target, "shop.sql", ["line 3, t.a: 2 of 3 rows break it"])
    write_ignored(target, "shop.sql", ["line 4, t.b: 1 of 3 rows break it"])
    assert "shop.sql" in path.read_text() and path.read_text().endswith("line 4, t.b: 1 of 3 rows break it\n")
    write_ignored(target, "shop.sql", [])
    assert list(tmp_path.iterdir()) == []
    path.write_text("precious")
    for lines in (["line 4"], []):
        with pytest.raises(DatabaseError, match="x.sqlite.ignored.txt: is no list of constraints"):
            write_ignored(target, "shop.sql", lines)
    assert path.read_text() == "precious"
