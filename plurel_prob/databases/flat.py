"""Groups of named arrays with named dimensions, as a few flat arrays and as an ``xarray.DataTree``.

A file has an array for each variable, such as ``edge(cause,effect)``: its values in all groups that have it, one after another.
``groups``, ``variables`` and ``dimensions`` are names, ``is_in`` says which group has which variable, and ``sizes`` how long a
group's dimensions are, -1 where it has none of that name. ``coordinate(dimension)`` has labels, where they are not 0, 1, ...
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from xarray import DataTree
else:
    DataTree = Any  # imported where it is used: xarray is slow to import

LABEL = "coordinate"
AXES = ("chain", "draw")  # of a tree in ArviZ's layout, each of length 1


class Group(NamedTuple):
    """A group of variables.

    Attributes:
        variables: by name: values, and the names of their dimensions. A dimension has one size.
        labels: of dimensions, where they are not 0, 1, ...
    """

    variables: Mapping[str, tuple[Any, list[str]]]
    labels: Mapping[str, Any] = {}


Groups = dict[str, Group]  # by path


def flatten(groups: Groups) -> dict[str, np.ndarray]:
    """Bring groups into flat arrays."""
    parts: dict[str, dict[int, np.ndarray]] = {}
    sizes: list[dict[str, int]] = []
    for place, (variables, labels) in enumerate(groups.values()):
        sizes.append({})
        for name, (value, dims) in [*variables.items(), *((LABEL, (label, [dim])) for dim, label in labels.items())]:
            value = np.asarray(value)
            sizes[-1] |= dict(zip(dims, value.shape, strict=True))
            parts.setdefault(f"{name}({','.join(dims)})", {})[place] = value.reshape(-1)
    dimensions = list(dict.fromkeys(dim for of_group in sizes for dim in of_group))
    return {
        "groups": np.array([*groups]),
        "variables": np.array([*parts]),
        "dimensions": np.array(dimensions),
        "sizes": np.array([[of_group.get(dim, -1) for dim in dimensions] for of_group in sizes], np.int64),
        "is_in": np.array([[place in part for place in range(len(groups))] for part in parts.values()]),
        **{name: np.concatenate([*part.values()]) for name, part in parts.items()},
    }


def unflatten(arrays: Mapping[str, np.ndarray]) -> Groups:
    """Bring flat arrays into groups.

    Raises:
        ValueError: they are not what :func:`flatten` makes.
    """
    paths, names, dimensions = (arrays[name].tolist() for name in ("groups", "variables", "dimensions"))
    sizes, is_in = arrays["sizes"], arrays["is_in"]
    if sizes.shape != (len(paths), len(dimensions)) or is_in.shape != (len(names), len(paths)) or is_in.dtype != bool:
        raise ValueError("sizes, or is_in, are of another shape than groups, variables and dimensions")
    variables: list[dict[str, tuple[Any, list[str]]]] = [{} for _ in paths]
    labels: list[dict[str, Any]] = [{} for _ in paths]
    for name, of_variable in zip(names, is_in, strict=True):
        plain, _, inside = name.removesuffix(")").partition("(")
        dims = inside.split(",") if inside else []
        places = np.flatnonzero(of_variable)
        shapes = sizes[places][:, [dimensions.index(dim) for dim in dims]]
        ends = np.cumsum(shapes.prod(1))
        if (shapes < 0).any() or len(arrays[name]) != (ends[-1] if len(ends) else 0):
            raise ValueError(f"{name} has another length than its sizes say")
        for place, shape, part in zip(places, shapes, np.split(arrays[name], ends[:-1]), strict=True):
            if plain == LABEL:
                labels[place][dims[0]] = part
            else:
                variables[place][plain] = part.reshape(shape), dims
    return {path: Group(*of_group) for path, *of_group in zip(paths, variables, labels, strict=True)}


def write_groups(groups: Groups, path: Path) -> None:
    """Write groups to one file, in NumPy's format ``npz``."""
    np.savez(path, **flatten(groups))  # type: ignore[arg-type]


def read_groups(path: Path) -> Groups:
    """Read a file that :func:`write_groups` wrote.

    Raises:
        ValueError: it is another file; NumPy and zipfile raise other errors, too.
    """
    with np.load(path, allow_pickle=False) as file:
        return unflatten({name: file[name] for name in file.files})


def tree_of(groups: Groups) -> DataTree:
    """Build a tree with a chain and a draw of each variable, as ArviZ's converters do; directly is ten times as fast."""
    import xarray as xr

    datasets = {}
    for path, (variables, labels) in groups.items():
        sizes = {dim: size for value, dims in variables.values() for dim, size in zip(dims, np.shape(value), strict=True)}
        used = {dim: labels.get(dim, np.arange(size)) for dim, size in sizes.items()}
        datasets[path] = xr.Dataset(
            {name: ((*AXES, *dims), np.asarray(value)[None, None]) for name, (value, dims) in variables.items()},
            coords={**{axis: np.arange(1) for axis in AXES}, **used},
        )
    return xr.DataTree.from_dict(datasets)
