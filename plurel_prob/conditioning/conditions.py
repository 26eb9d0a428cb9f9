"""Reading what is given: from the names that users know to parts of sites, and to columns that are set afterwards."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import pandas as pd
from jax import random
from numpyro.distributions import Distribution

from plurel_prob.conditioning.graphs import posterior_of_graph, read_graph
from plurel_prob.databases.latents import REGISTRIES
from plurel_prob.databases.row_times import EPOCH
from plurel_prob.databases.schema import PKEY, TIME, column_name, index_of, key_name, table_name
from plurel_prob.distributions import FAMILIES
from plurel_prob.distributions.mechanisms.transforms import TRANSFORMS, UNBOUNDED
from plurel_prob.errors import DatabaseError
from plurel_prob.keys import site_key
from plurel_prob.priors import Prior
from plurel_prob.priors.fields import support_bounds
from plurel_prob.priors.toml import nearest
from plurel_prob.programs.given import free_sites
from plurel_prob.programs.layout import N_ROW, PARENT_ROW, site_layout
from plurel_prob.programs.sizes import MIN_BUCKET

NAMES = {"family": list(FAMILIES), **REGISTRIES}  # of the values of sites
TYPES = ("numerical", "boolean", "categorical")


@dataclass(frozen=True)
class Condition:
    """Values for a part of a site.

    Attributes:
        name: what the user calls it.
        site: name of the site.
        at: first indices of the part; a table's begin with its index.
        value: fills the part from its corner; the rest is drawn.
        is_weak: gives way where the user gives something else.
    """

    name: str
    site: str
    at: tuple[int, ...]
    value: np.ndarray
    is_weak: bool = False


class Conditions:
    """Everything that is given for a database.

    Attributes:
        conditions: parts of sites.
        columns: columns that are set when the rest is drawn, and what to.
    """

    def __init__(self, given: Mapping[str, Any], prior: Prior, seed: int):
        self.prior, self.seed = prior, seed
        self.layout = free_sites(site_layout(prior, MIN_BUCKET))
        self.conditions: list[Condition] = []
        self.columns: dict[str, Any] = {}
        for name, request in given.items():
            self._read(name, request)

    def _read(self, name: str, request: Any) -> None:
        first, *rest = name.split(".")
        table = index_of(first, table_name)
        if table is not None:
            self._read_table(name, table, rest, request)
        elif name == "graph":
            for site, value in posterior_of_graph(read_graph(request), self.prior.schema, self.seed).items():
                self._add(name, f"schema/{site}", (), value)
        elif name == "window":
            self._add(name, "schema/window", (), [_day(name, date) for date in request])
        else:
            self._add(name, name if "/" in name else f"schema/{name}", (), request)

    def _read_table(self, name: str, table: int, rest: list[str], request: Any) -> None:
        column = index_of(rest[0], column_name) if rest else None
        key = index_of(rest[0], key_name) if rest else None
        if not rest:
            self._give_frame(table, request)
        elif rest == ["n_row"]:
            self._give_n_row(name, table, request)
        elif column is not None and len(rest) == 1:
            self._give_values(name, table, column, request)
        elif column is not None and rest[1:] == ["type"]:
            self._give_type(name, (table, column), request)
        elif key is not None and len(rest) == 1:
            self._give_parent_rows(name, table, key, request)
        elif column is not None or key is not None:
            index, axis = (column, "column") if key is None else (key, "foreign_key")
            self._add(name, self._site(name, rest[1:], ("table", axis)), (table, int(index or 0)), request)
        else:
            self._add(name, self._site(name, rest, ("table",)), (table,), request)

    def _site(self, name: str, rest: list[str], axes: tuple[str, ...]) -> str:
        """The first site with these leading axes that is called so."""
        sites = {site.partition("/")[2]: site for site in reversed(self.layout) if self.layout[site].axes[: len(axes)] == axes}
        if len(rest) != 1 or rest[0] not in sites:
            hint = nearest(rest[0], [*sites, "n_row" if len(axes) == 1 else "type"]) if rest else ""
            raise DatabaseError(f"given {name}: a {axes[-1].replace('_', ' ')} has no such thing{hint}")
        return sites[rest[0]]

    def _add(self, name: str, site: str, at: tuple[int, ...], request: Any, *, is_weak: bool = False) -> None:
        """Check shape and type of what is given for a part of a site."""
        if site not in self.layout:
            known = [*self.layout, *(known.removeprefix("schema/") for known in self.layout), "graph", "table_0"]
            raise DatabaseError(f"given {name}: no such thing{nearest(name, known)}")
        shape, dtype = self.layout[site].shape, self.layout[site].dtype
        for index, size in zip(at, shape, strict=False):
            if index >= size:
                raise DatabaseError(f"given {name}: the prior has {size} at most")
        coded = _coded(name, site, request)
        try:
            value = np.asarray(coded)
        except ValueError:
            raise DatabaseError(f"given {name}: {request!r} is no array") from None
        room = shape[len(at) :]
        if value.ndim != len(room) or any(size > most for size, most in zip(value.shape, room, strict=True)):
            raise DatabaseError(f"given {name}: has shape {value.shape}; {site} takes {room} at most")
        needed = "integers" if dtype.kind in "iu" else "numbers"
        if value.dtype.kind not in ("biu" if needed == "integers" else "biuf"):
            raise DatabaseError(f"given {name}: needs {needed}, got {request!r}")
        if needed == "integers" and (value.astype(dtype) != value).any():
            raise DatabaseError(f"given {name}: {request!r} is out of range")
        self.conditions.append(Condition(name, site, at, value.astype(dtype), is_weak))

    def _give_n_row(self, name: str, table: int, n_row: int) -> None:
        for site in sorted(N_ROW & self.layout.keys()):
            self._add(name, site, (table,), n_row)

    def _give_frame(self, table: int, frame: Any) -> None:
        """A whole table: its rows, its keys, its columns."""
        name = table_name(table)
        if not isinstance(frame, pd.DataFrame):
            raise DatabaseError(f"given {name}: give a pandas.DataFrame; got {type(frame).__name__}")
        self._give_n_row(name, table, len(frame))
        last = -1
        for column in frame:
            full_name, index = f"{name}.{column}", index_of(str(column), column_name)
            if column == PKEY:
                if not np.array_equal(frame[column], np.arange(len(frame))):
                    raise DatabaseError(f"given {full_name}: rows are numbered 0, 1, 2, ...")
            elif column == TIME:
                raise DatabaseError(f"given {full_name}: times are spread evenly over the window: leave them out, give window")
            elif index is None and index_of(str(column), key_name) is None:
                raise DatabaseError(f"given {full_name}: columns are named {column_name(0)}, ..., keys {key_name(0)}, ...")
            else:
                self._read(full_name, frame[column])
                last = max(last, -1 if index is None else index)
        if last >= 0:
            self._add(name, "schema/n_column", (table,), last + 1)

    def _give_parent_rows(self, name: str, table: int, key: int, request: Any) -> None:
        rows = pd.Series(request)
        if not pd.api.types.is_integer_dtype(rows.dtype) or rows.isna().any():
            raise DatabaseError(f"given {name}: a key has the number of a parent's row in every row")
        self._give_n_row(name, table, len(rows))
        self.conditions.append(Condition(name, PARENT_ROW, (table, key), rows.to_numpy(np.int32)))

    def _give_values(self, name: str, table: int, column: int, request: Any) -> None:
        """A column's values are set when the rest is drawn; its type, and the number of rows, have to fit them."""
        self.columns[name] = request
        if isinstance(request, Callable):  # type: ignore[arg-type]
            return
        values = pd.Series([request]) if np.ndim(request) == 0 else pd.Series(request)
        if np.ndim(request):
            self._give_n_row(name, table, len(values))
        values = values.dropna().infer_objects()
        if pd.api.types.is_bool_dtype(values.dtype):
            self._give_type(name, (table, column), "boolean")
        elif pd.api.types.is_numeric_dtype(values.dtype):
            self._give_type(name, (table, column), "numerical")
            self._give_unbounded_transform(name, table, column)
        else:
            found = [re.fullmatch(r"category_(\d+)", str(label)) for label in values.unique()]
            n_category = max((int(match[1]) + 1 for match in found if match), default=0)
            self._give_type(name, (table, column), "categorical", n_category)

    def _give_type(self, name: str, at: tuple[int, int], kind: str, n_category: int = 0) -> None:
        """Make a column numerical, boolean, or categorical with at least three categories, as databases show them."""
        if kind not in TYPES:
            raise DatabaseError(f"given {name}: {kind!r} is no type of a column; there are {', '.join(TYPES)}")
        has_booleans = self.prior.features.has_booleans
        if kind == "categorical" and has_booleans:
            raise DatabaseError(f"given {name}: the prior {self.prior.name} shows categories as booleans")
        self._add(name, "schema/is_categorical", at, int(kind != "numerical"))
        if kind == "boolean" and not has_booleans:
            self._add(name, "schema/n_category", at, 2)
        elif kind == "categorical":
            n = self._draw(name, self.prior.schema.n_category, lambda value: value >= max(3, n_category))
            if n is None:
                raise DatabaseError(f"given {name}: the prior has fewer than {max(3, n_category)} categories")
            self._add(name, "schema/n_category", at, n, is_weak=True)

    def _give_unbounded_transform(self, name: str, table: int, column: int) -> None:
        """Choose among the transforms that can show any number; without this, the drawn one often could not."""
        is_unbounded = np.isin(list(TRANSFORMS), UNBOUNDED)
        transform = self._draw(table_name(table), self.prior.features.transform, lambda value: is_unbounded[value])
        if transform is None:
            return
        if self.prior.features.n_transform:
            self._add(name, "features/transform_palette", (table, 0), transform, is_weak=True)
            transform = 0
        self._add(name, "features/transform", (table, column), transform, is_weak=True)

    def _draw(self, name: str, law: Distribution, is_possible: Callable[[np.ndarray], np.ndarray]) -> int | None:
        """Draw from a law over integers, given that its value is possible; None if there is none."""
        low, high = support_bounds(law)
        value = np.arange(int(low), int(high) + 1)
        log_prob = np.where(is_possible(value), np.asarray(law.log_prob(value)), -np.inf)
        if log_prob.max() == -np.inf:
            return None
        return int(value[random.categorical(site_key(random.key(self.seed), name), jnp.asarray(log_prob))])


def _coded(name: str, site: str, request: Any) -> Any:
    """Numbers instead of names, where values of a site have names."""
    known = NAMES.get(site.partition("/")[2], [])
    if not isinstance(request, str) or not known:
        return request
    if request not in known:
        raise DatabaseError(f"given {name}: there is no {request!r}{nearest(request, known)}")
    return known.index(request)


def _day(name: str, date: Any) -> int:
    """Days since 1970-01-01."""
    try:
        return (pd.Timestamp(date) - EPOCH).days
    except (TypeError, ValueError):
        raise DatabaseError(f"given {name}: {date!r} is no date") from None
