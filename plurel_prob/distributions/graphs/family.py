"""Which graph family: a uniform choice among named ones."""

from collections.abc import Sequence

from plurel_prob.distributions.graphs import FAMILIES
from plurel_prob.distributions.picks import Pick


class GraphFamily(Pick):
    """Uniform choice among graph families, as their index in ``FAMILIES``.

    Args:
        names: distinct names of families, e.g. ``["BarabasiAlbert", "Layered"]``.
    """

    pytree_aux_fields = ("names",)

    def __init__(self, names: Sequence[str], *, validate_args: bool | None = None):
        known = list(FAMILIES)
        for name in names:
            if name not in known:
                raise ValueError(f"unknown graph family {name!r}; known: {', '.join(known)}")
        self.names = tuple(names)
        super().__init__([known.index(name) for name in names], validate_args=validate_args)
