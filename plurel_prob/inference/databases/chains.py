"""NUTS over the parameters of a database's mechanisms, in coordinates in which their posterior is about a ball."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array
from numpyro import handlers
from numpyro.distributions import constraints
from numpyro.infer import MCMC, NUTS
from numpyro.infer.util import potential_energy

from plurel_prob.inference.databases.model import COORDINATES, Arguments, GivenDatabase, own_coordinates, parameters_of
from plurel_prob.precision import multiply

EXTRA_FIELDS = ("potential_energy", "energy", "diverging", "num_steps", "accept_prob")
MAX_DEPTH = 8  # of NUTS' trees: 255 steps
MIN_CURVATURE = 0.1  # of the potential, in any direction: that of the priors is about 1
STEP = 0.1  # in standard deviations, for differences


@partial(jax.jit, static_argnums=0)
def own_ball(model: Callable[..., None], arguments: Arguments) -> tuple[Array, Array]:
    """Coordinates of the database itself, and the matrix that takes a ball to the posterior's shape there.

    The curvature is from differences of the gradient; in directions in which there is hardly any, it is set to a tenth.
    """
    prior = model.args[0]  # type: ignore[attr-defined]
    centre, unravel = ravel_pytree(own_coordinates(prior, arguments[2]))
    slope = jax.grad(lambda flat: potential_energy(model, arguments, {}, unravel(flat)))

    def row(step: Array, axis: Array) -> Array:
        moved = jnp.zeros_like(centre).at[axis].set(step)
        return (slope(centre + moved) - slope(centre - moved)) / (2 * step)

    def own_step(axis: Array) -> Array:
        return STEP / jnp.sqrt(jnp.maximum(jnp.abs(row(jnp.array(STEP**2), axis)[axis]), 1.0))

    hessian = lax.map(lambda axis: row(own_step(axis), axis), jnp.arange(len(centre)))
    deviation = 1 / jnp.sqrt(jnp.maximum(jnp.abs(jnp.diag(hessian)), MIN_CURVATURE))
    # to a diagonal of ones first: beside curvatures of a million, rounding would be all that is seen of those of 1
    value, vector = jnp.linalg.eigh(deviation[:, None] * (hessian + hessian.T) / 2 * deviation)
    vector *= deviation[:, None]
    return centre, vector / jnp.sqrt(jnp.maximum(jnp.abs(value), MIN_CURVATURE * (vector**2).sum(0)))


def whitened(model: Callable[..., None], arguments: Arguments, centre: Array, shape: Array) -> None:
    """The model's posterior in other coordinates: ``centre + shape @ z``."""
    z = numpyro.sample("z", dist.ImproperUniform(constraints.real_vector, (), centre.shape))
    with handlers.block():  # NUTS is not to see the model's own sites
        potential = potential_energy(model, arguments, {}, coordinates(arguments, centre + multiply(shape, z)))
    numpyro.factor("posterior", -potential)


def coordinates(arguments: Arguments, flat: Array) -> dict[str, Array]:
    """Coordinates by site."""
    places = arguments[2].places
    return ravel_pytree({name: jnp.zeros(places[axis][0].shape) for name, axis in COORDINATES.items()})[1](flat)


@partial(jax.jit, static_argnums=0, static_argnames=("n_warmup", "n_draw", "n_chain"))
def sampled(
    model: Callable[..., None],
    key: Array,
    arguments: Arguments,
    centre: Array,
    shape: Array,
    *,
    n_warmup: int,
    n_draw: int,
    n_chain: int,
) -> tuple[Array, dict[str, Array]]:
    """Whitened draws of NUTS, and what NUTS says of them, by chain. NumPyro alone would compile anew for every database."""
    kernel = NUTS(partial(whitened, model), max_tree_depth=MAX_DEPTH)
    sizes = {"num_warmup": n_warmup, "num_samples": n_draw, "num_chains": n_chain}
    mcmc = MCMC(kernel, **sizes, chain_method="vectorized", progress_bar=False, jit_model_args=True)
    mcmc.run(key, arguments, centre, shape, extra_fields=EXTRA_FIELDS)
    return mcmc.get_samples(group_by_chain=True)["z"], mcmc.get_extra_fields(group_by_chain=True)


@partial(jax.jit, static_argnums=0)
def parameters_at(model: Callable[..., None], arguments: Arguments, centre: Array, shape: Array, z: Array) -> dict[str, Array]:
    """Parameters at whitened coordinates, shape ``(chain, draw, ...)``."""
    prior = model.args[0]  # type: ignore[attr-defined]

    def one(z: Array) -> dict[str, Array]:
        return parameters_of(prior, arguments[2], coordinates(arguments, centre + multiply(shape, z)))[0]

    return jax.vmap(jax.vmap(one))(z)


def run(
    given: GivenDatabase, key: Array, *, n_warmup: int, n_draw: int, n_chain: int
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Run the chains; return draws of parameters, padding included, and what NUTS says of them, by chain."""
    centre, shape = own_ball(given.model, given.arguments)
    sizes = {"n_warmup": n_warmup, "n_draw": n_draw, "n_chain": n_chain}
    z, stats = sampled(given.model, key, given.arguments, centre, shape, **sizes)
    return parameters_at(given.model, given.arguments, centre, shape, z), stats
