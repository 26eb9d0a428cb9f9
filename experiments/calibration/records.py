"""Files of results: a JSON line for each repeat of a routine."""

from pathlib import Path

import pandas as pd

from experiments.lines import read_lines

RANKED = ("infer_schema", "infer_links", "infer_graph", "infer_mechanisms", "infer_database")


def ranks(folder: Path) -> pd.DataFrame:
    """Ranks of all routines, a row for each repeat and quantity; ``place`` is the rank as a share, between 0 and 1."""
    rows = [
        {"routine": name} | row for name in RANKED for line in read_lines(folder / f"{name}.jsonl") for row in line["quantities"]
    ]
    frame = pd.DataFrame(rows, columns=["routine", "quantity", "rank", "n_draw", "truth", "ess"])
    return frame.assign(place=(frame["rank"] + 0.5) / (frame["n_draw"] + 1))


def pairs(folder: Path) -> pd.DataFrame:
    """Ordered pairs of nodes of the recovery study, a row for each scale and pair; ``is_half`` marks one of both directions."""
    rows = []
    for table, line in enumerate(read_lines(folder / "recovery.jsonl")):
        edge = line["edge"]
        place = [(cause, effect) for cause in range(len(edge)) for effect in range(len(edge)) if cause != effect]
        for scale, prob in line["edge_prob"].items():
            for a, b in place:
                row = {"scale": scale, "table": table, "is_half": a < b, "edge_prob": prob[a][b], "is_edge": bool(edge[a][b])}
                rows.append(row | {"adjacent_prob": prob[a][b] + prob[b][a], "is_adjacent": bool(edge[a][b] or edge[b][a])})
    return pd.DataFrame(rows)
