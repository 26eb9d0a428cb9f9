"""The rank of a truth among posterior draws, which is what simulation-based calibration rests on."""

import numpy as np


def ranked(quantity: str, truth: float, draws: np.ndarray, rng: np.random.Generator) -> dict:
    """Rank of the truth, from 0 to the number of draws; it stands in a random place among draws that equal it."""
    rank = (draws < truth).sum() + rng.integers(0, (draws == truth).sum() + 1)
    return {"quantity": quantity, "rank": int(rank), "n_draw": len(draws), "truth": float(f"{truth:.4g}")}
