"""A handler that gives parts of sites their values."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Shaped
from numpyro.primitives import Messenger

from plurel_prob.programs.layout import VALUE, Layout


class Given(NamedTuple):
    """Values for some entries of a site."""

    is_given: Bool[Array | np.ndarray, "..."]
    value: Shaped[Array | np.ndarray, "..."]


GivenSites = dict[str, Given]


class given_values(Messenger):
    """Within a model, give some entries of sample sites values, and draw the others as the program does.

    What is downstream follows from the given values, and what is upstream is drawn from the prior, as under
    ``numpyro.handlers.condition``, which fixes a site as a whole only.

    Args:
        given: the values, by site.
    """

    def __init__(self, given: Mapping[str, Given]):
        super().__init__()
        self.given = given

    def process_message(self, msg: dict[str, Any]) -> None:
        """Tell a law that draws parts of its event from one another what is given of it."""
        if msg["type"] == "sample" and msg["name"] in self.given and hasattr(msg["fn"], "with_given"):
            msg["fn"] = msg["fn"].with_given(*self.given[msg["name"]])

    def postprocess_message(self, msg: dict[str, Any]) -> None:
        """Put given values in the place of drawn ones."""
        if msg["type"] == "sample" and msg["name"] in self.given:
            is_given, value = self.given[msg["name"]]
            msg["value"] = jnp.where(is_given, value, msg["value"])


def free_sites(layout: Layout) -> Layout:
    """Sites that can be given: all but the values of nodes, which interventions set."""
    return {name: site for name, site in layout.items() if name != VALUE}


def nothing_given(layout: Layout) -> GivenSites:
    """What is given of sites, where nothing is."""
    return {
        name: Given(np.zeros(site.shape, bool), np.zeros(site.shape, site.dtype)) for name, site in free_sites(layout).items()
    }


def all_given(layout: Layout, sites: Mapping[str, np.ndarray]) -> GivenSites:
    """What is given of sites, where those of a database are."""
    return {
        name: Given(np.ones(site.shape, bool), np.asarray(sites[name], site.dtype)) for name, site in free_sites(layout).items()
    }
