"""Log densities of a table's columns under given mechanisms."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpyro.infer import log_likelihood

from plurel_prob.distributions.mechanisms.effects import DIM
from plurel_prob.errors import DatabaseError
from plurel_prob.inference.features.columns import encode
from plurel_prob.inference.features.mechanisms import TABLE_PARAMETERS, arguments, structure_of
from plurel_prob.inference.features.model import ColumnGraph, mechanisms

if TYPE_CHECKING:
    from xarray import DataTree
else:
    DataTree = Any  # imported where it is used: xarray is slow to import


def columns_log_prob(table: pd.DataFrame, given: DataTree, *, foreign: pd.DataFrame | None = None) -> pd.DataFrame:
    """Log densities of columns given their graph and mechanisms: of numbers in normal scores, or standardised, as inferred.

    Args:
        table: a table with the columns that ``given`` is about. Rows with a missing cell in one of them are left out; of more
            than 2,000 rows that remain, 2,000 are taken evenly.
        given: parameters, in the layout of :func:`infer_mechanisms`.
        foreign: columns of parent tables at the linked rows, if they were given to the inference.

    Returns:
        A row for each draw of the parameters, a column for each column of the table; sums over rows, in nats.

    Raises:
        DatabaseError: a column is missing, cannot be used, or is not what the parameters are for.
    """
    edge = given["constant_data"].dataset["edge"]
    names = [str(name) for name in edge["cause"].values]
    missing = [name for name in names if name not in table]
    if missing:
        raise DatabaseError(f"the mechanisms are those of a column {missing[0]}, which the table does not have")
    columns = encode(table[names], foreign, is_transformed=bool(given.attrs["is_transformed"]))
    structure = structure_of(columns, edge.values.astype(bool))
    found = log_likelihood(partial(mechanisms, structure), sites_of(given, structure), *arguments(columns))
    return pd.DataFrame({name: np.asarray(found[f"column_{i}"], float).sum(-1) for i, name in enumerate(names)})


def sites_of(given: DataTree, structure: ColumnGraph) -> dict[str, np.ndarray]:
    """The program's sites, for every draw, from the variables of the posterior."""
    drawn = {str(name): np.concatenate(value.values) for name, value in given["posterior"].dataset.data_vars.items()}
    sites = {name: drawn[name] for name in TABLE_PARAMETERS if name in drawn}
    caused = [column for column in range(len(structure.order)) if structure.is_caused(column)]
    numbers = [column for column in caused if not structure.n_category[column]]
    for place, column in enumerate(numbers):
        sites[f"noise_scale_{column}"] = drawn["noise_scale"][:, place]
    start = 0
    for column in caused:
        n_contrast = (structure.n_category[column] - 1,) if structure.n_category[column] else ()
        shape = (sum(structure.block_sizes(column)), *n_contrast)
        stop = start + int(np.prod(shape))
        term = drawn["coefficient"][:, start:stop]
        if term.shape[1] < stop - start:
            raise DatabaseError("the parameters are for other columns: categories or parent tables differ")
        term = term.reshape(-1, *shape)
        start, n_own = stop, sum(structure.block_sizes(column)[:-1])
        sites[f"coefficient_{column}"] = term[:, :n_own]
        if structure.n_foreign:
            sites[f"foreign_standard_{column}"] = term[:, n_own:] / _foreign_scale(sites, structure, column, term.ndim)
    start = 0
    for column in sorted(set(range(len(structure.order))) - set(caused)):
        n_category = structure.n_category[column]
        if n_category:
            sites[f"probs_{column}"] = drawn["probs"][:, start : start + n_category]
            start += n_category
    return sites


def _foreign_scale(sites: dict[str, np.ndarray], structure: ColumnGraph, column: int, n_dim: int) -> Float[np.ndarray, "..."]:
    """What coefficients of the parent tables are multiples of, see :mod:`.model`."""
    is_number = structure.n_category[column] == 0
    gain = (1 + sites[f"noise_scale_{column}"] ** 2) ** -0.5 if is_number else np.sqrt(DIM) * sites["sharpness"]
    scale = gain * sites["foreign_strength"] / np.sqrt(structure.n_foreign)
    return scale.reshape(-1, *(1 for _ in range(n_dim - 1)))
