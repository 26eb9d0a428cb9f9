"""Latents as a table: every variable of every group, cut short."""

from typing import NamedTuple

import numpy as np

from plurel_prob.reports.columns import cut
from plurel_prob.reports.subject import Subject

N_VALUE = 6


class LatentRow(NamedTuple):
    """A variable of the latents, as text."""

    name: str
    group: str
    shape: str
    dtype: str
    values: str


def latent_rows(subject: Subject) -> list[LatentRow]:
    """Variables of all groups; empty without latents. Chain and draw, of which there is one, are left out of shapes."""
    if subject.latents is None:
        return []
    rows = []
    for group in subject.latents.subtree:
        for name, variable in group.data_vars.items():
            value = variable.isel({dim: 0 for dim in ("chain", "draw") if dim in variable.dims})
            sizes = ", ".join(f"{dim} {size}" for dim, size in value.sizes.items())
            rows.append(LatentRow(str(name), group.path, sizes or "one value", str(value.dtype), first_values(value.to_numpy())))
    return rows


def first_values(values: np.ndarray) -> str:
    """The first few values."""
    flat = values.reshape(-1)[:N_VALUE].tolist()
    text = ", ".join(f"{value:.4g}" if isinstance(value, float) else cut(str(value)) for value in flat)
    return text + (", …" if values.size > N_VALUE else "")
