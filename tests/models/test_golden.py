"""What a prior and a seed draw stays what it was: a change of it raises ``PROGRAM_VERSION``, and these records are made anew.

Run this file as a module (``python -m tests.models.test_golden``) to print the records.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from plurel_prob.priors.prior import PROGRAM_VERSION
from plurel_prob.sampling import Draw, draw
from tests.models.tiny import BUCKET, SEED, tiny

RECORDS = Path(__file__).parent / "golden.json"


def record_of(drawn: Draw) -> dict[str, Any]:
    """Sizes, keys, links and choices as a digest; sums of numbers, whose last bits depend on the compiler."""
    digest, sums = hashlib.sha256(), {}
    for name, value in sorted(drawn.sites.items()):
        if value.dtype.kind == "f":
            sums[name] = [float(np.abs(value.astype(float)).sum()), float((value.astype(float) ** 2).sum())]
        else:
            digest.update(name.encode() + np.ascontiguousarray(value).tobytes())
    for name in ("value", "column"):
        pages = np.nan_to_num(getattr(drawn.stages.features, name).astype(float))
        sums[f"features.{name}"] = [float(np.abs(pages).sum()), float((pages**2).sum())]
    return {"program": PROGRAM_VERSION, "digest": digest.hexdigest()[:16], "sums": sums}


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the records are of processors")
@pytest.mark.parametrize("name", ["compact", "plurel"])
def test_a_seed_draws_what_it_drew(name):
    expected, found = json.loads(RECORDS.read_text(encoding="utf-8"))[name], record_of(draw(tiny(name), SEED, BUCKET))
    assert found["program"] == expected["program"] and found["digest"] == expected["digest"]
    assert found["sums"].keys() == expected["sums"].keys()
    for site, sums in expected["sums"].items():
        np.testing.assert_allclose(found["sums"][site], sums, rtol=1e-5, err_msg=site)


if __name__ == "__main__":
    print(json.dumps({name: record_of(draw(tiny(name), SEED, BUCKET)) for name in ("compact", "plurel")}, indent=1))
