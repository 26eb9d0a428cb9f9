"""A handler that gives parts of sites their values."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Shaped
from numpyro.distributions import ExpandedDistribution, MaskedDistribution
from numpyro.primitives import Messenger


class Given(NamedTuple):
    """Values for some entries of a site."""

    is_given: Bool[Array | np.ndarray, "..."]
    value: Shaped[Array | np.ndarray, "..."]


class Verdict(NamedTuple):
    """What the law of a site says about each element of its batch."""

    is_used: Bool[Array | np.ndarray, "..."]  # whether the database has it
    is_possible: Bool[Array | np.ndarray, "..."]  # whether its value, if it is used, has a positive density


class given_values(Messenger):
    """Within a model, give some entries of sample sites values, and draw the others as the program does.

    What is downstream follows from the given values, and what is upstream is drawn from the prior, as under
    ``numpyro.handlers.condition``, which fixes a site as a whole only.

    Args:
        given: the values, by site.
        unchecked: sites that get no verdict: those are costly.

    Attributes:
        verdicts: filled when the model has run: by site, whether there are such elements and whether they can be so.
    """

    def __init__(self, given: Mapping[str, Given], unchecked: Collection[str] = ()):
        super().__init__()
        self.given, self.unchecked, self.verdicts = given, unchecked, dict[str, Verdict]()

    def postprocess_message(self, msg: dict[str, Any]) -> None:
        """Put given values in the place of drawn ones."""
        if msg["type"] != "sample" or msg["name"] not in self.given:
            return
        name = msg["name"]
        is_given, value = self.given[name]
        msg["value"] = jnp.where(is_given, value, msg["value"])
        if name not in self.unchecked:
            law = msg["fn"]
            is_possible = law.support(msg["value"]) & (law.log_prob(msg["value"]) > -jnp.inf)
            is_used = jnp.broadcast_to(_is_used(law), is_possible.shape)
            self.verdicts[name] = Verdict(is_used, is_possible | ~is_used)


def _is_used(law: Any) -> Bool[Array, "..."]:
    """Which elements of a batch are not masked."""
    is_used = jnp.array(True)
    while isinstance(law, MaskedDistribution | ExpandedDistribution):
        if isinstance(law, MaskedDistribution):
            is_used = is_used & law._mask
        law = law.base_dist
    return is_used
