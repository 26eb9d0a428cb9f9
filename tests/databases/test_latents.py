"""Latents as flat arrays in a file."""

import numpy as np
import pytest

from plurel_prob import DatabaseError
from plurel_prob.databases.disk import BEFORE, LATENTS, PROVENANCE, checksums, read_latents
from plurel_prob.databases.flat import Group, flatten, tree_of, unflatten, write_groups
from plurel_prob.databases.provenance import Origin, dumps, provenance
from plurel_prob.priors import get_prior
from tests.reports.small import drawn


def write(folder, groups, *, is_sealed):
    write_groups(groups, folder / LATENTS)
    files = {"files": checksums(folder) if is_sealed else {}}
    (folder / PROVENANCE).write_text(dumps(provenance(Origin(7, get_prior("plurel")), ("2020-01-01", "2020-06-01")) | files))


def check_same(found, groups):
    assert list(found) == list(groups)
    for path, group in groups.items():
        assert list(found[path].variables) == list(group.variables) and found[path].labels.keys() == group.labels.keys()
        for name, (value, dims) in group.variables.items():
            np.testing.assert_array_equal(found[path].variables[name][0], value)
            assert found[path].variables[name][1] == dims
        for dim, label in group.labels.items():
            np.testing.assert_array_equal(found[path].labels[dim], label)


@pytest.mark.parametrize("seed", range(20))
def test_groups_of_any_shape_come_back(seed):
    rng = np.random.default_rng(seed)
    known = {name: [*rng.choice([*"abcd"], rng.integers(0, 4), replace=False)] for name in ("x", "y", "z", "w")}
    groups = {}
    for path in ("one", "one/two", "three")[: rng.integers(1, 4)]:
        sizes = {dim: int(rng.integers(0, 4)) for dim in "abcd"}
        of_group = {name: dims for name, dims in known.items() if rng.random() < 0.7}
        variables = {name: (rng.normal(size=[sizes[dim] for dim in dims]), dims) for name, dims in of_group.items()}
        used = {dim for dims in of_group.values() for dim in dims}
        labels = {dim: np.array([f"{dim}{i}" for i in range(sizes[dim])], "<U2") for dim in used if rng.random() < 0.4}
        groups[path] = Group(variables, labels)
    found = unflatten(flatten(groups))
    for path, group in groups.items():
        order = [*found[path].variables]  # a variable comes where its first group has it
        assert sorted(order) == sorted(group.variables)
        check_same({path: found[path]}, {path: Group({name: group.variables[name] for name in order}, group.labels)})


def test_a_tree_has_axes_of_chains_and_draws_and_labels():
    groups = {"prior": Group({"x": (np.arange(6.0).reshape(2, 3), ["a", "b"]), "n": (np.int64(2), [])}, {"b": ["p", "q", "r"]})}
    tree = tree_of(groups)
    assert tree["prior/x"].dims == ("chain", "draw", "a", "b") and tree["prior/x"].sel(b="q").values.tolist() == [[[1.0, 4.0]]]
    assert tree["prior"].a.values.tolist() == [0, 1] and tree["prior/n"].item() == 2


@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_flipped_bit_is_an_error_or_changes_nothing_that_is_read(is_sealed, tmp_path):
    _, groups = drawn()
    write(tmp_path, groups, is_sealed=is_sealed)
    check_same(read_latents(tmp_path), groups)
    whole, rng, n_refused = (tmp_path / LATENTS).read_bytes(), np.random.default_rng(0), 0
    for at in rng.integers(0, len(whole), 100):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 8
        (tmp_path / LATENTS).write_bytes(flipped)
        try:
            check_same(read_latents(tmp_path), groups)
        except DatabaseError as error:
            assert LATENTS in str(error) and "\n" not in str(error)
            n_refused += 1
    assert n_refused == 100 if is_sealed else n_refused > 50


@pytest.mark.parametrize(
    ("path", "name"), [("prior", "n_table"), ("prior", "family"), ("prior/table_1", "edge"), ("prior/table_0", "column_node")]
)
def test_latents_without_what_all_have_are_refused(path, name, tmp_path):
    _, groups = drawn()
    variables, labels = groups[path]
    groups[path] = Group({other: value for other, value in variables.items() if other != name}, labels)
    write(tmp_path, groups, is_sealed=False)
    with pytest.raises(DatabaseError, match=f"{LATENTS}: cannot be read: its group {path} must have .*{name}"):
        read_latents(tmp_path)


def test_latents_that_are_not_there_are_explained(tmp_path):
    write(tmp_path, drawn()[1], is_sealed=False)
    (tmp_path / LATENTS).unlink()
    with pytest.raises(DatabaseError, match=f"{LATENTS}: no such file; the database was written without latents; draw it again"):
        read_latents(tmp_path)
    (tmp_path / BEFORE).write_bytes(b"")
    with pytest.raises(DatabaseError, match=f"{LATENTS}: no such file; {BEFORE} is of PluRel-Prob 0.1 and is not read any more"):
        read_latents(tmp_path)
