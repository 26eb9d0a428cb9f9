import shlex
from dataclasses import replace

import pandas as pd
import pytest

from plurel_prob import get_prior
from plurel_prob.databases import Database, DatabaseSchema
from plurel_prob.errors import DatabaseError
from plurel_prob.priors import override
from plurel_prob.reports import read_subject, subject_of

from .small import drawn, drawn_subject, write_drawn, write_shop

OTHER = override(get_prior("compact"), {"schema": {"n_table": {"DiscreteUniform": [3, 4]}}})

REALISTIC = {"model": "realistic", "fingerprint": get_prior("realistic").fingerprint}


@pytest.mark.parametrize(
    ("origin", "command", "needs"),
    [
        ({}, "plurel-prob sample --seed 7 --count 1 --out out", ""),
        (
            {"model": "compact", "fingerprint": get_prior("compact").fingerprint},
            "plurel-prob sample --seed 7 --count 1 --prior compact --out out",
            "",
        ),
        (
            {"model": OTHER.name, "fingerprint": OTHER.fingerprint},
            "plurel-prob sample --seed 7 --count 1 --prior PRIOR.toml --out out",
            "figures of its own",
        ),
        ({"given": ["graph"]}, "plurel-prob sample --seed 7 --count 1 --out out", "given or set by hand"),
        ({"by_hand": ["table_0.feature_0"]}, "plurel-prob sample --seed 7 --count 1 --out out", "given or set by hand"),
        (
            {"given": ["schema"], "schema": "shop"},
            "plurel-prob sample --schema SCHEMA --seed 7 --count 1 --prior plurel --values syllables --out out",
            "SCHEMA is the declaration it was drawn from, shop",
        ),
        (
            {"given": ["schema"], "schema": "shop", "values": "meanings", "derived": False, **REALISTIC},
            "plurel-prob sample --schema SCHEMA --seed 7 --count 1 --no-derived --out out",
            "SCHEMA is the declaration it was drawn from, shop",
        ),
    ],
)
def test_the_command_draws_the_same_again_or_says_what_it_lacks(origin, command, needs):
    subject = drawn_subject()
    found = replace(subject, provenance={**subject.provenance, **origin}).command()
    assert found[0] == command
    assert (needs in found[1]) if needs else found[1] == ""
    assert "given" not in found[1] or needs != "figures of its own"


def test_the_command_can_be_copied_into_a_shell_whatever_the_provenance_says(tmp_path):
    subject = drawn_subject()
    for name, value in {"seed": "1; touch x", "model": "$(touch x)", "schema": "`touch x`"}.items():
        command, _ = replace(subject, provenance={**subject.provenance, name: value}).command()
        words = shlex.split(command)
        assert shlex.join(words) == command and "touch" not in words and words[:2] == ["plurel-prob", "sample"]


def test_what_a_folder_says_is_read(tmp_path):
    subject = read_subject(write_drawn(tmp_path / "plurel-7"))
    assert (subject.name, subject.kind, subject.provenance["seed"]) == ("plurel-7", "drawn database", 7)
    assert subject.splits == (pd.Timestamp("2021-01-01"), pd.Timestamp("2021-03-01"))
    assert subject.window == (pd.Timestamp("2020-01-01"), pd.Timestamp("2020-06-01"))
    assert subject.latents_of("table_0").sizes["cause"] == 5 and subject.latents_of("nope") is None
    (tmp_path / "plurel-7" / "latents.npz").unlink()
    assert read_subject(tmp_path / "plurel-7").latents is None
    real = read_subject(write_shop(tmp_path / "shop"))
    assert (real.kind, real.command(), real.latents) == ("database", ("", ""), None)
    assert real.window == (pd.Timestamp("2020-01-01"), pd.Timestamp("2021-06-01"))
    with pytest.raises(DatabaseError, match="is a folder of databases; give one"):
        read_subject(tmp_path)


def test_a_database_without_times_has_no_window():
    database, _ = drawn()
    schemas = {name: replace(table, time_col=None) for name, table in database.schema.tables.items()}
    assert subject_of(Database(database.name, database.tables, DatabaseSchema(schemas))).window is None
