"""Random keys by the names of sites."""

import zlib
from typing import Any

import jax.numpy as jnp
import numpyro
from jax import random
from jaxtyping import PRNGKeyArray
from numpyro.primitives import Messenger


def site_key(key: PRNGKeyArray, name: str) -> PRNGKeyArray:
    """Return the key of the site called ``name``: ``key`` folded with a checksum of the name."""
    return random.fold_in(key, zlib.crc32(name.encode()))


class named_keys(Messenger):
    """Within a model, give every sample site a key derived from its name, not from the order of sampling.

    Entered at the top of a model, it takes one key from the enclosing ``handlers.seed`` and derives the others from it:
    adding, removing, substituting or observing a site leaves the draws of the other sites' random numbers as they are.
    Without a seed (every site has a value) it does nothing.
    """

    def __enter__(self) -> "named_keys":
        self.key = numpyro.prng_key()
        return super().__enter__()

    def process_message(self, msg: dict[str, Any]) -> None:
        """Set the key of a sample site that will be drawn."""
        needs_key = msg["type"] == "sample" and not msg["is_observed"] and msg["value"] is None
        if needs_key and msg["kwargs"].get("rng_key") is None and self.key is not None:
            msg["kwargs"]["rng_key"] = site_key(self.key, msg["name"])

    def postprocess_message(self, msg: dict[str, Any]) -> None:
        """Make a value that was given (a number, a NumPy array) the array that the model expects."""
        if msg["type"] == "sample":
            msg["value"] = jnp.asarray(msg["value"])
