"""Where does a step of training spend its time on the device? Kernel by kernel, by parts of the network.

    python experiments/rfm_speed/kernels.py --size paper --trace out/profile --out experiments/rfm_speed/results/kernels.jsonl

Runs some steps under JAX's profiler, and writes its trace and the program into ``--trace``; a trace that is there is read
instead. A line of JSON: milliseconds of the device a step, by part and by kind of kernel, and the kernels that take most.
"""

import argparse
import gzip
import json
import re
import time
from collections import Counter
from pathlib import Path

import equinox as eqx
import jax
from jax import random
from network import TEXT_DIM, cells_of, made_up_batch

from plurel_prob.rfm.cells.training import TrainingConfig
from plurel_prob.rfm.cells.training.steps import DeviceBatch, initial_state, step_of

N_STEP, N_TOLD = 10, 12
ATTENTIONS = {"column", "feature", "neighbour"}  # told together: on a card equal computations of theirs are one kernel
KINDS = {
    "matrix product": ("gemm", "cutlass", "nvjet", "cublas", "dot", "xmma", "triton"),
    "copy, sort, scatter": ("copy", "memcpy", "memset", "sort", "scatter", "transpose", "concatenate"),
    "sum": ("reduce",),
}


def record(size: str, n_context: int, n_token: int, tile: int, folder: Path) -> None:
    """Run steps under the profiler, and keep the trace, the program, and the time of a step without the profiler."""
    config = TrainingConfig(size=size, batch_size=n_context, context_length=n_token)
    batch = made_up_batch(n_context, n_token)
    texts = random.normal(random.key(1), (128, TEXT_DIM))
    inputs = (DeviceBatch(cells_of(batch, tile), jax.device_put(batch.masked)), texts)
    step, state = step_of(config), initial_state(config, TEXT_DIM)
    folder.mkdir(parents=True, exist_ok=True)
    program = step.lower(inputs, state).compile()  # type: ignore[attr-defined]
    (folder / "program.txt.gz").write_bytes(gzip.compress(program.compiled.as_text().encode()))

    def run() -> float:
        nonlocal state
        start = time.perf_counter()
        for _ in range(N_STEP):
            state, _ = step(inputs, state)
        jax.block_until_ready(eqx.filter(state, eqx.is_array))
        return (time.perf_counter() - start) / N_STEP

    run()
    each = run()
    with jax.profiler.trace(str(folder), create_perfetto_trace=False):
        run()
    device = jax.devices()[0]
    about = {"size": size, "contexts": n_context, "tokens": n_token, "tile": tile, "step_ms": round(1e3 * each, 3)}
    (folder / "about.json").write_text(json.dumps(about | {"device": device.device_kind, "jax": jax.__version__}))


def kernels(folder: Path) -> Counter[tuple[str, str]]:
    """Milliseconds a step of each instruction and kernel."""
    trace = json.loads(gzip.decompress(next(folder.rglob("*.trace.json.gz")).read_bytes()))["traceEvents"]
    names = {(e["name"], e["pid"], e.get("tid")): e["args"].get("name", "") for e in trace if e.get("ph") == "M"}
    told: Counter[tuple[str, str]] = Counter()
    for event in trace:
        args = event.get("args", {})
        process = names.get(("process_name", event.get("pid"), None), "")
        thread = names.get(("thread_name", event.get("pid"), event.get("tid")), "")
        is_kernel = thread.startswith("Stream") if "GPU" in process else "hlo_op" in args
        if event.get("ph") == "X" and is_kernel and args.get("hlo_op", "").split(".")[0] not in ("while", "call", "conditional"):
            told[args.get("hlo_op", ""), event["name"]] += event["dur"] / 1e3 / N_STEP
    return told


def scopes(folder: Path) -> dict[str, str]:
    """Name scope of each instruction of the program."""
    text = gzip.decompress((folder / "program.txt.gz").read_bytes()).decode()
    return dict(re.findall(r'^\s*(?:ROOT )?%?([\w.\-]+) = .*op_name="([^"]*)"', text, re.MULTILINE))


def scope_of(instruction: str, kernel: str, known: dict[str, str]) -> str:
    """Scope of a kernel: of its instruction or, where it runs within a CUDA graph, of the one that it is named after."""
    named_after = (instruction, kernel, re.sub(r"_(\d+)$", r".\1", kernel))
    return next((known[name] for name in named_after if name in known), "")


def part_of(scope: str, kernel: str) -> str:
    """Part of the network that a scope belongs to, with the direction."""
    if not scope and kernel.startswith("nvjet"):
        return "products of cuBLAS"  # whose kernels are not named after instructions
    direction = "backward" if "transpose(" in scope else "forward"
    words = re.findall(r"\w+", scope)
    if ATTENTIONS.intersection(words):
        return f"attention, {'tiles' if 'attend' in words else 'maps and norms'}, {direction}"
    if "feed_forward" in words:
        return f"feed-forward, {direction}"
    return "embedding, relations, head" if "jvp" in scope else "the rest, with the optimiser"


def kind_of(kernel: str) -> str:
    """Kind of a kernel, by its name."""
    lower = kernel.lower()
    return next((kind for kind, words in KINDS.items() if any(word in lower for word in words)), "elementwise, gather, softmax")


def summary(folder: Path) -> dict:
    """Sum a trace up."""
    known, told = scopes(folder), Counter[tuple[str, str]]()
    for (instruction, kernel), ms in kernels(folder).items():
        told[scope_of(instruction, kernel, known), kernel] += ms
    parts, kinds = Counter[str](), Counter[str]()
    for (scope, kernel), ms in told.items():
        parts[part_of(scope, kernel)] += ms
        kinds[kind_of(kernel)] += ms
    most = [{"ms": round(ms, 3), "kernel": kernel, "scope": scope[-120:]} for (scope, kernel), ms in told.most_common(N_TOLD)]
    about = json.loads((folder / "about.json").read_text())
    return about | {
        "device_ms": round(sum(told.values()), 3),
        "parts_ms": {name: round(ms, 3) for name, ms in parts.most_common()},
        "kinds_ms": {name: round(ms, 3) for name, ms in kinds.most_common()},
        "kernels": most,
    }


def main() -> None:
    """Record, unless there is a trace, and sum it up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="paper")
    parser.add_argument("--contexts", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--tile", type=int, default=32)
    parser.add_argument("--trace", type=Path, required=True, help="folder of the trace")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    if not (args.trace / "about.json").exists():
        record(args.size, args.contexts, args.tokens, args.tile, args.trace)
    line = summary(args.trace)
    print(json.dumps(line, indent=1))
    with args.out.open("a") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
