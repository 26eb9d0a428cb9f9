"""How often the labels of a column are: all of them are there, some are rarer by what they say."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Float64

LEAST = 0.04  # share of a label; of many, half of what each would have if all were alike
RARE = re.compile(
    r"cancel|fail|reject|delete|inactive|left|refund|error|lost|banned|suspend|block|expired|void|return|other|unknown"
)
COMMON = re.compile(
    r"complete|deliver|\bactive|paid|ship|approved|success|standard|normal|regular|open|done|published|customer|user"
)
TRUE = re.compile(r"active|enabled|verified|available|in stock|visible|published|valid|confirmed|success|paid|public|consent")


def label_rates(labels: Iterable[Any], rng: np.random.Generator) -> Float64[np.ndarray, " label"]:
    """Shares of labels: uniform on the simplex, less where they sound rare, more where they sound common, none too small."""
    factor = np.array(
        [0.25 if RARE.search(text) else 3 if COMMON.search(text) else 1 for text in map(str.lower, map(str, labels))]
    )
    weight = factor * rng.gamma(1.0, size=len(factor))
    least = min(LEAST, 0.5 / len(weight))
    return least + (1 - least * len(weight)) * weight / weight.sum()


def flag_rates(name: str, rng: np.random.Generator) -> Float64[np.ndarray, " value"]:
    """Shares of false and true: true is the rarer, mostly, or the commoner, if the name sounds like it."""
    rate = LEAST + (1 - 2 * LEAST) * rng.beta(1.2, 2.4)
    return np.array([rate, 1 - rate] if TRUE.search(name.lower()) else [1 - rate, rate])
