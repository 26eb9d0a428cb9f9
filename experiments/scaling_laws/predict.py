"""Predict the loss of a run that was not made: ``python -m experiments.scaling_laws.predict RESULTS PRIOR N STEPS``.

Of each law that can be extrapolated, the predictive distribution of the loss given all runs on that prior's databases that took
fewer steps: its mean and an interval of 89 %. If RESULTS has the run, its loss stands beside.
"""

import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jax import random

from experiments.lines import Line
from experiments.real_tasks.table import Rows, markdown
from experiments.scaling_laws.laws import INTERVAL, LAWS, N_CHAIN, draws_of, runs_of


def predicted(name: str, lines: list[Line], run: Line) -> tuple[float, float, float]:
    """Mean and interval of the loss of a run by a law."""
    is_known = jnp.tile(jnp.arange(len(lines) + 1) < len(lines), (N_CHAIN, 1))
    draws = draws_of(name, [*lines, run], is_known)
    loss = draws["mean"][..., -1] + draws["noise"] * random.normal(random.key(1), draws["noise"].shape)
    low, high = np.quantile(loss, INTERVAL)
    return float(loss.mean()), float(low), float(high)


def main(results: str, prior: str, n_database: str, n_step: str) -> None:
    """Print predictions."""
    [lines] = [lines for group, lines in runs_of(Path(results)).items() if group.startswith(f"{prior},")]
    made = [line for line in lines if (line["n_database"], line["n_step"]) == (int(n_database), int(n_step))]
    known = [line for line in lines if line["n_step"] < int(n_step)]
    seen = known[0]["n_seen"] / known[0]["n_step"] * int(n_step)
    run = known[0] | {"n_database": int(n_database), "n_seen": seen}
    rows: Rows = [["law", "predicted", "interval", "measured"]]
    for name in LAWS:
        mean, low, high = predicted(name, known, run)
        measured = ", ".join(f"{line['loss']:.4f}" for line in made)
        rows.append([name, f"{mean:.4f}", f"{low:.4f} to {high:.4f}", measured])
    print(markdown(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
