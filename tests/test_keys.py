import numpyro
import numpyro.distributions as dist
from jax import random
from numpyro import handlers

from plurel_prob.keys import named_keys, site_key


def test_a_draw_depends_on_the_name_not_on_the_order():
    def model(names):
        with named_keys():
            return {name: numpyro.sample(name, dist.Normal()) for name in names}

    some = handlers.seed(model, random.key(0))(["a", "b", "c"])
    other = handlers.seed(model, random.key(0))(["c", "x", "b"])
    assert some["b"] == other["b"] and some["c"] == other["c"]
    assert len({float(x) for x in (*some.values(), other["x"])}) == 4
    assert handlers.seed(model, random.key(1))(["a"])["a"] != some["a"]


def test_scopes_are_part_of_the_name():
    def model():
        with named_keys():
            a = numpyro.sample("a", dist.Normal())
            with handlers.scope(prefix="inner"):
                return a, numpyro.sample("a", dist.Normal())

    outer, inner = handlers.seed(model, random.key(0))()
    assert outer != inner


def test_site_keys_differ():
    names = [f"table_{i}/value_{j}" for i in range(20) for j in range(20)]
    keys = {random.key_data(site_key(random.key(0), name)).tobytes() for name in names}
    assert len(keys) == len(names)
