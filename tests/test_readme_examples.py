"""The README's examples in Python run, one after another in one process, and show something."""

import json

import pytest

from plurel_prob.cli.run import run as run_here
from tests.models.tiny import PLUREL
from tests.test_readme import COMMANDS, HAS_RFM, blocks, run, write_rel_f1, write_schema

EXAMPLES = """
import json, sys
for example in json.load(sys.stdin):
    print("EXAMPLE")
    exec(example, {"__name__": "__main__"})
"""


@pytest.mark.parametrize("is_quick", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_examples_run(tmp_path, monkeypatch, capsys, is_quick):
    examples = [example.replace("driver-position", "spend") for example in blocks("python")]
    write_schema(tmp_path)
    if HAS_RFM:
        write_rel_f1(tmp_path)
    else:
        examples = [example for example in examples if "plurel_prob.rfm" not in example]
    if is_quick:  # without those that compile most, on programs that other tests have compiled
        heavy = ("do(", "given=", "declared", "sample_rows", "stream(", "infer_links", "handlers")
        examples = [example for example in examples if not any(word in example for word in heavy)]
        examples = [example.replace("RowLearner.load()", 'RowLearner.load(members="trees")') for example in examples]
        examples = [example.replace("sample(seed=10)", f"sample(seed=10, prior={str(PLUREL)!r})") for example in examples]
        monkeypatch.chdir(tmp_path)
        assert run_here(["sample", "--seed", "10", "--out", "out", "--prior", str(PLUREL)]) == 0
        shown = []
        for example in examples:
            capsys.readouterr()
            exec(example, {"__name__": "__main__"})
            shown.append(capsys.readouterr().out)
    else:
        run(COMMANDS, "sample --seed 10 --out out", tmp_path)
        shown = run(EXAMPLES, json.dumps(examples), tmp_path).split("EXAMPLE\n")[1:]
    assert len(shown) == len(examples) > (3 if is_quick else 5) and all(shown)
