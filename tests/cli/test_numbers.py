import pytest

from plurel_prob import DatabaseError
from plurel_prob.cli.rows import rows_asked
from plurel_prob.cli.run import run
from plurel_prob.cli.sample import shard_of
from plurel_prob.declared import declared_of

LONG = "9" * 5000
SQL = "CREATE TABLE t (id INTEGER PRIMARY KEY, x {});"


def schema_of(tmp_path, kind="INTEGER"):
    (tmp_path / "t.sql").write_text(SQL.format(kind))
    return str(tmp_path / "t.sql")


@pytest.mark.parametrize("number", [LONG, "1000000000000", "200000001", "²", "-1", ""])
def test_rows_that_no_table_has_are_refused_before_anything_is_drawn(number, tmp_path):
    source = schema_of(tmp_path)
    with pytest.raises(DatabaseError, match="--rows t=") as caught:
        rows_asked([f"t={number}"], source, declared_of(source, None))
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("option", ["--seed", "--count", "--rows-scale", "--workers"])
@pytest.mark.parametrize("number", ["1.5", "1.0", "one"])
def test_what_is_no_whole_number_is_refused(option, number, tmp_path, capsys):
    assert run(["sample", option, number, "--out", str(tmp_path / "out")]) == 2
    assert f'Invalid value for {option}: "{number}" is not a whole number' in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_rows_up_to_the_limit_are_asked_for(tmp_path):
    source = schema_of(tmp_path)
    assert rows_asked(["t=0200000000"], source, declared_of(source, None)) == {"t": 200_000_000}


@pytest.mark.parametrize("option", ["--seed", "--count", "--rows-scale"])
@pytest.mark.parametrize("number", [LONG, "9" * 25], ids=["long", "short"])
def test_options_of_any_length_are_one_short_line(option, number, tmp_path, capsys):
    assert run(["sample", "--out", str(tmp_path), option, number]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and len(told) < 600


@pytest.mark.parametrize("shard", [f"{LONG}/{LONG}", f"0/{LONG}", f"{LONG}/2", "2/2", "x"])
def test_shards_of_any_length_are_refused(shard):
    with pytest.raises(DatabaseError, match="--shard .*: needs i/n") as caught:
        shard_of(range(8), shard)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("kind", ["VARCHAR({})", "DECIMAL({}, 2)", "DECIMAL(4, {})", "NUMERIC({})", "CHAR({})"])
def test_sizes_of_types_are_bounded(kind, tmp_path):
    for number in (LONG, str(2**31)):
        with pytest.raises(DatabaseError, match="lengths and digits of at most 2,147,483,647"):
            declared_of(schema_of(tmp_path, kind.format(number)), None)
