"""NUTS over the parameters of a database's mechanisms, in coordinates in which their posterior is about a ball.

Only the direction of a sum's weights counts, and only the product of a table's noise and a node's: posteriors are long and thin.
"""

from collections.abc import Callable
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array
from numpyro import handlers
from numpyro.distributions import biject_to, constraints
from numpyro.infer import MCMC, NUTS
from numpyro.infer.util import constrain_fn, potential_energy

from plurel_prob.inference.databases.model import PARAMETERS, Arguments, GivenDatabase, families, normal_of
from plurel_prob.precision import multiply

EXTRA_FIELDS = ("potential_energy", "energy", "diverging", "num_steps", "accept_prob")
MAX_DEPTH = 8  # of NUTS' trees: 255 steps
MIN_CURVATURE = 0.1  # of the potential, in any direction: that of the priors is about 1


@partial(jax.jit, static_argnums=0)
def own_coordinates(model: Callable[..., None], arguments: Arguments) -> tuple[Array, Array]:
    """Unconstrained parameters of the database itself, and the matrix that takes a ball to the posterior's shape there.

    The curvature is from differences of the gradient; in directions in which there is hardly any, it is set to a tenth.
    """
    sites, places, _ = arguments
    prior, start = model.args[0], {}  # type: ignore[attr-defined]
    for name, axis in PARAMETERS.items():
        own = sites[f"features/{name}"].at[tuple(places[axis])].get(mode="fill", fill_value=jnp.nan)
        if name == "edge_weight":
            normal = normal_of(jnp.where(jnp.isnan(own), 1.0, own), families(sites, places))
            start["edge_weight_normal"] = jnp.where(jnp.isnan(own), 0.0, normal)
        else:
            law = getattr(prior.features, name)
            to_real = biject_to(law.support).inv
            start[name] = jnp.where(jnp.isnan(own), 0.0, to_real(jnp.where(jnp.isnan(own), law.mean, own)))
    centre, unravel = ravel_pytree(start)
    slope = jax.grad(lambda flat: potential_energy(model, arguments, {}, unravel(flat)))
    step = 1e-3
    hessian = lax.map(lambda e: (slope(centre + step * e) - slope(centre - step * e)) / (2 * step), jnp.eye(len(centre)))
    value, vector = jnp.linalg.eigh((hessian + hessian.T) / 2)
    return centre, vector / jnp.sqrt(jnp.maximum(jnp.abs(value), MIN_CURVATURE))


def whitened(model: Callable[..., None], arguments: Arguments, centre: Array, shape: Array) -> None:
    """The model's posterior in other coordinates: ``centre + shape @ z``, unconstrained."""
    z = numpyro.sample("z", dist.ImproperUniform(constraints.real_vector, (), centre.shape))
    with handlers.block():  # NUTS is not to see the model's own sites
        potential = potential_energy(model, arguments, {}, coordinates(arguments, centre + multiply(shape, z)))
    numpyro.factor("posterior", -potential)


def coordinates(arguments: Arguments, flat: Array) -> dict[str, Array]:
    """Unconstrained parameters by site."""
    size = {
        "edge_weight_normal" if name == "edge_weight" else name: arguments[1][axis][0].shape for name, axis in PARAMETERS.items()
    }
    return ravel_pytree({name: jnp.zeros(shape) for name, shape in size.items()})[1](flat)


@cache
def sampler(model: Callable[..., None], n_warmup: int, n_draw: int, n_chain: int) -> MCMC:
    """NUTS for databases of one prior and similar sizes."""
    kernel = NUTS(partial(whitened, model), max_tree_depth=MAX_DEPTH)
    sizes = {"num_warmup": n_warmup, "num_samples": n_draw, "num_chains": n_chain}
    return MCMC(kernel, **sizes, chain_method="vectorized", progress_bar=False, jit_model_args=True)


@partial(jax.jit, static_argnums=0)
def parameters_at(model: Callable[..., None], arguments: Arguments, centre: Array, shape: Array, z: Array) -> dict[str, Array]:
    """Parameters at whitened coordinates, shape ``(chain, draw, ...)``."""

    def one(z: Array) -> dict[str, Array]:
        return constrain_fn(model, arguments, {}, coordinates(arguments, centre + multiply(shape, z)), return_deterministic=True)

    found = lax.map(one, z.reshape(-1, z.shape[-1]))
    return {name: found[name].reshape(*z.shape[:-1], -1) for name in PARAMETERS}


def run(given: GivenDatabase, key: Array, *, n_warmup: int, n_draw: int, n_chain: int) -> tuple[MCMC, dict[str, Array]]:
    """Run the chains; return NUTS and draws of parameters, padding included."""
    centre, shape = own_coordinates(given.model, given.arguments)
    mcmc = sampler(given.model, n_warmup, n_draw, n_chain)
    mcmc.run(key, given.arguments, centre, shape, extra_fields=EXTRA_FIELDS)
    z = mcmc.get_samples(group_by_chain=True)["z"]
    return mcmc, parameters_at(given.model, given.arguments, centre, shape, z)
