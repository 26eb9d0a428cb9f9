import numpy as np
import pytest

from plurel_prob import DatabaseError
from plurel_prob.databases.disk import LATENTS, PROVENANCE, checksums, read_latents, write_latents
from plurel_prob.databases.provenance import Origin, dumps, provenance
from plurel_prob.priors import get_prior
from tests.reports.small import drawn


def write(folder, tree, *, is_sealed):
    write_latents(tree, folder / LATENTS)
    files = {"files": checksums(folder) if is_sealed else {}}
    (folder / PROVENANCE).write_text(dumps(provenance(Origin(7, get_prior("plurel")), ("2020-01-01", "2020-06-01")) | files))


@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_flipped_bit_is_an_error_or_changes_nothing_that_is_read(is_sealed, tmp_path):
    _, tree = drawn()
    write(tmp_path, tree, is_sealed=is_sealed)
    assert read_latents(tmp_path).identical(tree) or is_sealed
    whole, rng, n_refused = (tmp_path / LATENTS).read_bytes(), np.random.default_rng(0), 0
    for at in rng.integers(0, len(whole), 30):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 8
        (tmp_path / LATENTS).write_bytes(flipped)
        try:
            read_latents(tmp_path)
        except DatabaseError as error:
            assert LATENTS in str(error) and "\n" not in str(error)
            n_refused += 1
    assert n_refused == 30 or not is_sealed


@pytest.mark.parametrize(
    ("path", "name"), [("prior", "n_table"), ("prior", "family"), ("prior/table_1", "edge"), ("prior/table_0", "column_node")]
)
def test_latents_without_what_all_have_are_refused(path, name, tmp_path):
    _, tree = drawn()
    tree[path] = tree[path].to_dataset().drop_vars(name) if path != "prior" else tree[path].copy()
    if path == "prior":
        del tree["prior"][name]
    write(tmp_path, tree, is_sealed=False)
    with pytest.raises(DatabaseError, match=f"{LATENTS}: cannot be read: its group {path} must have .*{name}"):
        read_latents(tmp_path)
