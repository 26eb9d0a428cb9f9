import json

import pandas as pd
import pytest

from plurel_prob import DatabaseError
from plurel_prob.databases.provenance import (
    CHECKSUM,
    PROVENANCE,
    Origin,
    check_provenance,
    dumps,
    origin_of,
    provenance,
    read_provenance,
)
from plurel_prob.databases.schema import index_of, table_name
from plurel_prob.documents import parse_json
from plurel_prob.priors import get_prior

FILES = {"manifest.yaml": {"bytes": 7, "sha256": "0" * 64}}


def written():
    return dumps(provenance(Origin(7, get_prior("compact")), ("2020-01-01", "2020-06-01")) | {"files": FILES})


def read(folder, text):
    (folder / PROVENANCE).write_text(text)
    return read_provenance(folder)


def without(content, name):
    return {key: value for key, value in content.items() if key != name}


def test_no_bit_can_flip_unseen(tmp_path):
    text = written()
    content = read(tmp_path, text)
    for at in range(len(text)):
        flipped = bytearray(text.encode())
        flipped[at] ^= 1 << at % 8
        try:
            same = check_provenance(parse_json(bytes(flipped), PROVENANCE), PROVENANCE)
        except DatabaseError as error:
            assert PROVENANCE in str(error)
        else:
            assert same == content and text[at].isspace()


def test_it_says_what_it_said_before_and_the_same_each_time(tmp_path):
    content = read(tmp_path, written())
    assert written() == written()
    origin, window = origin_of(content, "x")
    assert origin == Origin(7, get_prior("compact")) and window == (pd.Timestamp("2020-01-01"), pd.Timestamp("2020-06-01"))


def test_files_without_a_checksum_are_read_as_before(tmp_path):
    old = without(json.loads(written()), CHECKSUM)
    assert read(tmp_path, json.dumps(old)) == old
    with pytest.raises(DatabaseError, match="nothing writes sha255"):
        read(tmp_path, json.dumps(old | {"sha255": "0" * 64}))


@pytest.mark.parametrize("name", ["model", "seed", "given", "window", "versions", "prior", "files", "fingerprint"])
def test_every_field_is_checked_and_named(name, tmp_path):
    old = without(json.loads(written()), CHECKSUM)
    for value in ([["a"]], {"a": 1}, -1, None, True, 2.5, "1; touch x"):
        if isinstance(value, str) and name in ("model", "fingerprint") or isinstance(value, dict) and name == "prior":
            continue
        with pytest.raises(DatabaseError, match=f"{PROVENANCE}: {name} must be"):
            read(tmp_path, dumps(old | {name: value}))


def test_what_it_says_must_make_sense(tmp_path):
    old = without(json.loads(written()), CHECKSUM)
    for changes, words in (
        ({"window": ["2020-06-01", "2020-01-01"]}, "window must be a first and a last day"),
        ({"window": ["soon", "later"]}, "window must be a time"),
        ({"prior": {"schema": {"n_tabel": 1}}}, "prior: schema.n_tabel: unknown field"),
    ):
        with pytest.raises(DatabaseError, match=words):
            origin_of(read(tmp_path, dumps(old | changes)), PROVENANCE)
    for name in ("../x", "/etc/passwd", "", "a/../../b"):
        with pytest.raises(DatabaseError, match="files must be a mapping of files below the folder"):
            read(tmp_path, dumps(old | {"files": {name: FILES["manifest.yaml"]}}))


def test_names_with_numbers_of_any_length_are_names():
    assert index_of("table_12", table_name) == 12
    for name in ("table_" + "9" * 5000, "table_012", "table_x", "table_"):
        assert index_of(name, table_name) is None
