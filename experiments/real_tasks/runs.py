"""Networks of runs by method and seed."""

from pathlib import Path

import jax

from plurel_prob.rfm.rows.network import RowNetwork, load_network
from plurel_prob.rfm.rows.weights import WEIGHTS

Name = tuple[str, int]  # of a method, and seed of its network
TRAINED = {"rows_network": "rows_untrained", "plain": "plain_untrained"}  # plain: without parts in closed form


def networks_of(runs: list[Path]) -> dict[Name, RowNetwork]:
    """The network of every run; and, as seed 0, what it is before it was trained, which is the same for all seeds and sizes.

    (What the random weights give is multiplied by weights that are 0 at first.)
    """
    found: dict[Name, RowNetwork] = {}
    for run in runs:
        network, metadata = load_network(run / WEIGHTS)
        name, seed = "rows_network" if network.size.experts else "plain", int(metadata["seed"])
        if (name, seed) in found:
            raise SystemExit(f"--runs {run}: another run has the seed {seed}, too; give each another seed")
        found[name, seed] = network
        found[TRAINED[name], 0] = RowNetwork(network.size, key=jax.random.key(0))
    return found
