"""Posterior of the parameters of a drawn database's mechanisms."""

from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import random

from plurel_prob.databases.database import Database
from plurel_prob.inference.databases.chains import run
from plurel_prob.inference.databases.model import PARAMETERS, GivenDatabase, given_database
from plurel_prob.programs.files import use_compilation_cache

if TYPE_CHECKING:
    from xarray import DataTree
else:
    DataTree = Any  # imported where it is used: xarray is slow to import

RENAMED = {"potential_energy": "potential", "num_steps": "n_steps", "accept_prob": "acceptance_rate"}


def infer_database(of: Database, *, n_warmup: int = 300, n_draw: int = 500, n_chain: int = 2, seed: int = 0) -> DataTree:
    """Posterior of the parameters of a drawn database's mechanisms given its tables, by NUTS.

    NUTS moves in coordinates (:mod:`.coordinates`, :mod:`.edges`) that are scaled and turned so that the posterior's curvature at
    the database's own parameters is 1 in all directions. Chains start at random within two units of them, so that they explore
    the mode that the truth lies in. Where a sum has one weight, only its sign matters; it is fixed to the database's.

    Look at effective sizes before use: how sharply categories follow their causes, and the size of the weights of these, are told
    apart by the prior alone where no weights are summed (``experiments/calibration`` has figures).

    Args:
        of: drawn, with compact mechanisms; of some thousand rows, as a gradient takes about a millisecond for ten nodes and each
            1,024 rows of a table.
        n_warmup: steps of each chain to adapt the step size.
        n_draw: draws of each chain.
        n_chain: number of chains; they run side by side.
        seed: of the chains.

    Returns:
        ``posterior``: ``noise_level``, ``sharpness``, ``foreign_strength`` of tables (what a table has no use for follows the
        prior), ``noise_factor`` of numerical nodes with causes, ``edge_weight``. ``sample_stats``: NUTS'. ``constant_data``: the
        database's own parameters.

    Raises:
        DatabaseError: see :func:`given_database`.
    """
    use_compilation_cache()
    given = given_database(of)
    results = run(given, random.key(seed), n_warmup=n_warmup, n_draw=n_draw, n_chain=n_chain)
    return _tree(given, jax.device_get(results))


def _tree(given: GivenDatabase, results: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]) -> DataTree:
    import xarray as xr

    sites, stats = results
    n_chain, n_draw = stats["diverging"].shape
    axes = {"chain": np.arange(n_chain), "draw": np.arange(n_draw)}
    posterior = {
        name: (("chain", "draw", axis), sites[name][..., : len(given.labels[axis])]) for name, axis in PARAMETERS.items()
    }
    own = {name: ((axis,), given.own(name)) for name, axis in PARAMETERS.items()}
    groups = {
        "posterior": xr.Dataset(posterior, coords=axes | given.labels),
        "sample_stats": xr.Dataset(
            {RENAMED.get(name, name): (("chain", "draw"), value) for name, value in stats.items()}, coords=axes
        ),
        "constant_data": xr.Dataset(own, coords=given.labels),
    }
    return xr.DataTree.from_dict(groups)
