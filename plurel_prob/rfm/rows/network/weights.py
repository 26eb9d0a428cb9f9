"""Weights of a network as one file of safetensors, with its settings in the metadata."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import random

from plurel_prob.documents import parse_json
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.rfm.rows.network.network import RowNetwork
from plurel_prob.rfm.rows.network.sizes import RowNetworkSize

FORMAT = "plurel-prob rows 1"
MAX_WIDTH, MAX_BLOCK = 4096, 64  # of a network that is read


def save_network(path: Path, network: RowNetwork, metadata: Mapping[str, str], *, half: bool = False) -> None:
    """Write a network.

    Args:
        path: the file.
        network: what to write.
        metadata: what else the file says of itself, such as databases, seeds and licence.
        half: as float16, in half the space.
    """
    from safetensors.numpy import save

    dtype = np.float16 if half else np.float32
    arrays = {name: np.asarray(leaf, dtype) for name, leaf in _named(network).items()}
    said = {**metadata, "format": FORMAT, "size": json.dumps(asdict(network.size))}
    path = Path(path)
    part = path.with_name(path.name + ".part")
    part.write_bytes(save(arrays, said))
    part.replace(path)


def load_network(path: Path) -> tuple[RowNetwork, dict[str, str]]:
    """Read a network, and the metadata of its file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = dict(file.metadata() or {})
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise DatabaseError(f"{path}: not a file of weights that can be read ({error})") from None
    if metadata.get("format") != FORMAT:
        raise DatabaseError(f"{path}: its metadata does not say {FORMAT!r}; write weights with pretrain --network rows")
    network = RowNetwork(_size(path, metadata.get("size", "")), key=random.key(0))
    named = _named(network)
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise DatabaseError(f"{path}: has weights that are not finite; the file is damaged")
    if {n: a.shape for n, a in named.items()} != {n: a.shape for n, a in arrays.items()}:
        raise DatabaseError(f"{path}: its arrays are not those of a network of its size; the file is of another version")
    leaves = [jnp.asarray(arrays[name], jnp.float32) for name in named]
    values, static = eqx.partition(network, eqx.is_array)
    return eqx.combine(jax.tree.unflatten(jax.tree.structure(values), leaves), static), metadata


def _size(path: Path, text: str) -> RowNetworkSize:
    """Size that metadata state.

    Raises:
        DatabaseError: they state none that a network can have.
    """
    try:
        size = RowNetworkSize(**parse_json(text.encode(), str(path)))
    except (DatabaseError, TypeError):
        raise DatabaseError(f"{path}: its metadata do not say how large the network is; the file is damaged") from None
    numbers = [value for name, value in asdict(size).items() if name != "experts"]
    is_bounded = all(type(number) is int and 1 <= number <= MAX_WIDTH for number in numbers) and size.n_block <= MAX_BLOCK
    if not is_bounded or size.width % size.n_head or not isinstance(size.experts, bool):
        raise DatabaseError(f"{path}: its metadata state a network of {shown(text)}, which is none; the file is damaged")
    return size


def _named(network: RowNetwork) -> dict[str, jax.Array]:
    arrays, _ = jax.tree.flatten_with_path(eqx.filter(network, eqx.is_array))
    return {jax.tree_util.keystr(path).lstrip("."): leaf for path, leaf in arrays}
