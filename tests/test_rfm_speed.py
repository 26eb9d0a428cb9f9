"""The benchmark's parts work; what they measure is not tested."""

import gzip
import json
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from plurel_prob.rfm.cells.network import SIZES
from tests.studies import load


@pytest.fixture
def network(monkeypatch):
    module = load("rfm_speed", "network")
    monkeypatch.setitem(sys.modules, "network", module)  # as for a script, whose folder is on the path
    return module


def test_made_up_contexts_are_what_the_network_takes(network):
    batch = network.made_up_batch(2, 64)
    cells = network.cells_of(batch, 32)
    for name in ("kind", "value", "parent", "log_odds", "is_masked"):
        np.testing.assert_array_equal(getattr(cells, name), getattr(batch, name))
    assert cells.order.shape == (2, 64) and cells.column_pairs.shape[-1] == 2
    assert network.flop(SIZES["tiny"], cells, 32) > 2e6


@pytest.mark.slow
def test_a_network_is_measured(network):
    row = network.network_speed(SIZES["tiny"], network.made_up_batch(2, 64), 32)
    assert row["dtype"] == jnp.dtype("float32").name and row["gradient_tokens_per_s"] > 0
    assert row["forward_tflop_per_s"] > 0


def test_kernels_are_summed_by_parts_and_kinds(network, tmp_path):
    kernels = load("rfm_speed", "kernels")
    program = """
  %fusion.1 = f32[2]{0} fusion(%a), metadata={op_name="jit(step)/jvp()/while/body/feature/attend/exp"}
  ROOT %dot.2 = f32[2]{0} custom-call(%b), metadata={op_name="jit(step)/transpose(jvp())/while/feed_forward/dot_general" id=1}
  %add.3 = f32[2]{0} add(%b, %a), metadata={op_name="jit(step)/add"}
"""
    (tmp_path / "program.txt.gz").write_bytes(gzip.compress(program.encode()))
    (tmp_path / "about.json").write_text('{"size": "tiny"}')
    threads = [(1, "Stream #7(Compute)"), (2, "XLA Ops")]
    events = [{"ph": "M", "name": "process_name", "pid": 1, "args": {"name": "/device:GPU:0"}}]
    events += [{"ph": "M", "name": "thread_name", "pid": 1, "tid": tid, "args": {"name": name}} for tid, name in threads]
    for tid in (1, 2):  # the second is a summary of the first
        for name, instruction, duration in (
            ("fusion_1", "command_buffer", 30),
            ("nvjet_bf16", "dot.2", 50),
            ("add_3", "add.3", 20),
        ):
            event = {
                "ph": "X",
                "name": name,
                "pid": 1,
                "tid": tid,
                "ts": 0,
                "dur": duration * 1e3,
                "args": {"hlo_op": instruction},
            }
            events.append(event)
    (tmp_path / "x.trace.json.gz").write_bytes(gzip.compress(json.dumps({"traceEvents": events}).encode()))
    found = kernels.summary(tmp_path)
    assert found["size"] == "tiny" and found["device_ms"] == 100 / kernels.N_STEP
    parts = {"feed-forward, backward": 5.0, "attention, tiles, forward": 3.0, "the rest, with the optimiser": 2.0}
    assert found["parts_ms"] == parts
    assert found["kinds_ms"] == {"matrix product": 5.0, "elementwise, gather, softmax": 5.0}
    assert found["kernels"][0]["kernel"] == "nvjet_bf16"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_of_a_large_database_is_measured(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sampler", load("rfm_speed", "sampler"))
    large = load("rfm_speed", "large")
    large.make(tmp_path / "events.duckdb", 3000)
    line = large.measure(tmp_path / "events.duckdb", "trees")
    assert line["seconds"] > 0 and line["own_bytes"] > 1e7 and line["file_bytes"] > 1e6
    with pytest.raises(SystemExit, match="no such file"):
        large.measure(tmp_path / "other.duckdb", "trees")
