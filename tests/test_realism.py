"""The study of realism: it reads what its tool prints, and leaves out features by where they come from."""

from importlib.util import find_spec

import numpy as np
import pytest

from tests.studies import load

TOLD = """\
number    AUC 0.757 (1152 drawn, 167 real); furthest: kurtosis 0.23 (-0.037 / 1.1), log_levels 0.23 (3.3 / 4.2)
key       AUC 0.766 (279 drawn, 51 real); furthest: childless 0.37 (0.17 / 0.02)
mean AUC 0.762
"""


def test_lines_of_the_tool_are_read():
    found = load("realism", "run").parsed(TOLD)
    assert found["auc"] == {"number": 0.757, "key": 0.766, "mean": 0.762}
    assert found["furthest"]["key"] == "childless 0.37 (0.17 / 0.02)" and "mean" not in found["furthest"]


needs_rfm = pytest.mark.skipif(find_spec("lightgbm") is None, reason="the extra rfm is not installed")


@needs_rfm
def test_forecasts_of_a_database_are_scored_with_and_without_kinds_of_features(tmp_path):
    """Of a small shop: all features have a kind, scores are in range, and the table has what is predictable."""
    from tests.rfm.rows.features.shop import shop

    study = load("realism", "forecasts")
    folder = tmp_path / "shop"
    shop(folder)
    lines = list(study.measured(folder, 0))
    assert {line["measure"] for line in lines} >= {"any", "count"} and len(lines) <= 2 * len(study.MEASURES)
    for line in lines:
        names = [name for name in line if name.startswith("without ")]
        assert names == [f"without {kind}" for kind in study.KINDS]
        assert all(np.isfinite(line[name]) and line[name] <= 1 for name in ("all", *names))
    assert study.table(lines)["n"].sum() == len(lines) and study.table(lines)["predictable"].between(0, 1).all()
    assert study.table([]).empty


@needs_rfm
def test_features_are_left_out_by_their_names():
    study = load("realism", "forecasts")
    kinds = {
        "its history": ["known.label mean", "users<-orders.user n", "users<-orders.user<-lines.order.price max"],
        "siblings": ["->city known.label last", "->city<-users.city n", "all known.label mean in 30 days"],
        "parents": ["->city.size", "->city->country.size"],
    }
    own = ["month", "users.age"]
    for kind, pattern in study.KINDS.items():
        assert [name for of in (*kinds.values(), own) for name in of if pattern.search(name)] == kinds[kind]
