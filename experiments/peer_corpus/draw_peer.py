"""Draw databases with the released generator, in RelBench format: ``PEER experiments/peer_corpus/draw_peer.py FIRST COUNT OUT``.

Runs in an environment with the released generator (PyPI ``plurel``). Nothing is held out within a database: its times of
validation and test are that of its last row. Manifests are JSON, which is YAML.
"""

import json
import sys
from pathlib import Path

import torch
from plurel import Config, SyntheticDataset

torch.set_num_threads(1)


def main(first: int, count: int, out: Path) -> None:
    """Draw what is not there yet."""
    for seed in range(first, first + count):
        folder, partial = out / f"plurel-{seed}", out / f".plurel-{seed}"
        if folder.exists():
            continue
        (partial / "db").mkdir(parents=True, exist_ok=True)
        drawn = SyntheticDataset(seed=seed, config=Config()).make_db().table_dict
        last = str(max(table.df[table.time_col].max() for table in drawn.values() if table.time_col))
        for name, table in drawn.items():
            table.df.to_parquet(partial / "db" / f"{name}.parquet", index=False)
        tables = {
            name: {"pkey": table.pkey_col, "time_col": table.time_col, "fkeys": dict(table.fkey_col_to_pkey_table)}
            for name, table in drawn.items()
        }
        manifest = {"name": folder.name, "manifest_version": 1, "val_timestamp": last, "test_timestamp": last, "tables": tables}
        (partial / "manifest.yaml").write_text(json.dumps(manifest, indent=1))
        partial.rename(folder)
        print(folder, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
