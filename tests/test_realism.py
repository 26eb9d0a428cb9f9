"""The study of realism reads what its tool prints."""

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
