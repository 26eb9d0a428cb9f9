"""Examples in Python of README and documentation run, page by page in one process, and show something."""

import json
import shutil

import pytest

from tests.docs import COMMANDS, HAS_RFM, PAGES, run, write_rel_f1
from tests.models.tiny import COMPACT, PLUREL

EXAMPLES = """
import json, sys
for example in json.load(sys.stdin):
    print("EXAMPLE")
    exec(example, {"__name__": "__main__"})
"""
HEAVY = ("do(", "given=", "declared", "sample_rows", "stream(", "infer_links", "handlers")  # compile most
WITH_CODE = [page for page in PAGES if page.blocks("python")]


@pytest.mark.parametrize("page", WITH_CODE, ids=str)
def test_examples_run(page, tmp_path, monkeypatch, capsys, corpus):
    """Without those that compile most, on programs that other tests have compiled."""
    examples = [example for example in page.blocks("python") if not any(word in example for word in HEAVY)]
    monkeypatch.chdir(tmp_path)
    corpus(tmp_path / "out")
    page.write_files(tmp_path)
    if HAS_RFM:
        write_rel_f1(tmp_path)
    for example in examples:
        example = example.replace("RowLearner.load()", 'RowLearner.load(members="trees")').replace("driver-position", "spend")
        example = example.replace("sample(seed=10)", f"sample(seed=10, prior={str(PLUREL)!r})")
        if HAS_RFM or "plurel_prob.rfm" not in example:
            capsys.readouterr()
            exec(example.replace('"compact"', repr(str(COMPACT))), {"__name__": "__main__"})
            assert capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_CODE, ids=str)
def test_examples_run_as_they_are(page, tmp_path):
    examples = [example.replace("driver-position", "spend") for example in page.blocks("python")]
    page.write_files(tmp_path)
    if HAS_RFM:
        write_rel_f1(tmp_path)
    else:
        examples = [example for example in examples if "plurel_prob.rfm" not in example]
    run(COMMANDS, "sample --seed 10 --out out", tmp_path)
    shown = run(EXAMPLES, json.dumps(examples), tmp_path).split("EXAMPLE\n")[1:]
    assert len(shown) == len(examples) and all(shown)
    shutil.rmtree(tmp_path / "out")
