import jax
import numpy as np
import pytest
from jax import random

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.rows.network import RowNetwork, load_network, save_network
from tests.rfm.rows.network.tasks import TINY


@pytest.mark.parametrize(("half", "tolerance"), [(False, 0), (True, 1e-3)])
def test_weights_come_back(tmp_path, half, tolerance):
    network, path = RowNetwork(TINY, key=random.key(3)), tmp_path / "rows.safetensors"
    save_network(path, network, {"licence": "Apache-2.0"}, half=half)
    loaded, metadata = load_network(path)
    assert metadata["licence"] == "Apache-2.0" and loaded.size == TINY and [p.name for p in tmp_path.iterdir()] == [path.name]
    for a, b in zip(jax.tree.leaves(network), jax.tree.leaves(loaded), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_other_files_are_refused(tmp_path):
    from safetensors.numpy import save

    other, broken = tmp_path / "other.safetensors", tmp_path / "broken.safetensors"
    other.write_bytes(save({"a": np.zeros(2)}))
    broken.write_bytes(b"no weights")
    with pytest.raises(DatabaseError, match="other.safetensors: its metadata"):
        load_network(other)
    with pytest.raises(DatabaseError, match="broken.safetensors: not a file of weights"):
        load_network(broken)
    with pytest.raises(DatabaseError, match="none: not a file of weights"):
        load_network(tmp_path / "none")
