"""Are the posteriors over one table's mechanisms and causal graphs calibrated, and do they find the graphs of compact tables?

    python -m experiments.calibration.features --n-repeat 100 --n-table 40  # 10 min on one core

``ranks`` is simulation-based calibration (Talts et al., 2018, arXiv:1804.06788): parameters from the program's own prior, a
table from them, and where the truth lies among the posterior's draws; ranks are uniform if inference is right. For graphs, the
truth is a graph drawn from the structure prior and numbers drawn from the scoring model, whose score is exact. ``recovery`` asks
another question, of a model that is only close: from the compact prior itself, do edge probabilities rank true causal edges among
nodes above the others, and are they calibrated?
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jax import random
from numpyro import handlers

from plurel_prob import get_prior, sample
from plurel_prob.inference.features import infer_graph
from plurel_prob.inference.features.basis import features
from plurel_prob.inference.features.columns import Columns
from plurel_prob.inference.features.dags import GraphPosterior, causes_of, log_structure_prior, membership
from plurel_prob.inference.features.graphs import topological_order
from plurel_prob.inference.features.mechanisms import run
from plurel_prob.inference.features.model import Structure, mechanisms
from plurel_prob.inference.features.scores import ColumnScores, effect_sizes
from plurel_prob.priors import override

N_ROW, N_KEPT = 60, 199  # a rank is one of 200
STRUCTURE = Structure((0, 0, 3, 0), ((), (0,), (1,), (1, 2)), (0, 1, 2, 3), 1)  # with a source, a category, parent tables
QUANTITIES = {
    "noise_level": lambda site: site["noise_level"],
    "sharpness": lambda site: site["sharpness"],
    "foreign_strength": lambda site: site["foreign_strength"],
    "noise_scale of a number": lambda site: site["noise_scale_1"],
    "noise_scale of a number with two causes": lambda site: site["noise_scale_3"],
    "first coefficient of a number": lambda site: site["coefficient_1"][..., 1],
    "coefficient of a categorical cause": lambda site: site["coefficient_3"][..., -1],
    "coefficient of a category": lambda site: site["coefficient_2"][..., 1, 0],
    "effect of the parent tables": lambda site: site["foreign_3"][..., 0],
}


def ranks(n_repeat: int, seed: int) -> pd.DataFrame:
    """Simulation-based calibration of both routines: a row for each repeat and quantity."""
    rows = [row for repeat in range(n_repeat) for row in mechanism_ranks(random.fold_in(random.key(seed), repeat))]
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rows + [row for _ in range(n_repeat) for row in graph_ranks(rng)])


def mechanism_ranks(rng_key: jax.Array) -> list[dict]:
    """Draw parameters and a table from the program, and rank the parameters among those inferred."""
    foreign_key, truth_key, run_key, rank_key = random.split(rng_key, 4)
    foreign = random.normal(foreign_key, (N_ROW, STRUCTURE.n_foreign))
    trace = handlers.trace(handlers.seed(mechanisms, truth_key)).get_trace(STRUCTURE, foreign)
    site = {name: np.asarray(site["value"], float) for name, site in trace.items() if site["type"] in ("sample", "deterministic")}
    value = np.stack([site[f"column_{column}"] for column in range(len(STRUCTURE.order))], axis=1)
    columns = Columns(("a", "b", "c", "d"), value, STRUCTURE.n_category, np.asarray(foreign, float))
    drawn = jax.device_get(run(columns, STRUCTURE, run_key, n_draw=600, n_chain=1).get_samples())
    rng = np.random.default_rng(np.asarray(random.key_data(rank_key)))
    return [rank_row("infer_mechanisms", name, of(drawn), float(of(site)), rng) for name, of in QUANTITIES.items()]


def graph_ranks(rng: np.random.Generator, n_node: int = 4) -> list[dict]:
    """Draw a graph from the structure prior and numbers from the scoring model, and rank summaries of the graph."""
    prior = GraphPosterior(log_structure_prior(n_node))
    [edge] = prior.sample(rng, 1)
    value = simulate_numbers(edge, rng)
    scores = ColumnScores(Columns(tuple("abcdefgh"[:n_node]), value, (0,) * n_node, np.zeros((N_ROW, 0))))
    score = np.where(np.isfinite(prior.score), prior.score + scores.score, -np.inf)
    posterior = GraphPosterior(score)
    drawn = posterior.sample(rng, N_KEPT)
    summaries = {
        "number of edges": (drawn.sum(axis=(1, 2)), edge.sum()),
        "first edge": (drawn[:, 0, 1], edge[0, 1]),
        "last edge": (drawn[:, -1, -2], edge[-1, -2]),
        "log posterior of the graph": (
            np.array([posterior.log_weight(graph).sum() for graph in drawn]),
            posterior.log_weight(edge).sum(),
        ),
    }
    return [rank_row("infer_graph", name, draws.astype(float), float(truth), rng) for name, (draws, truth) in summaries.items()]


def simulate_numbers(edge: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw numbers from the scoring model given a graph."""
    value, member = np.zeros((N_ROW, len(edge))), membership(len(edge))
    for node in topological_order(edge):
        causes = np.flatnonzero(member[causes_of(edge)[node]])
        parts = [np.asarray(features(jnp.asarray(value[:, c], jnp.float32), 0)) / np.sqrt(len(causes)) for c in causes]
        design = np.concatenate([np.ones((N_ROW, 1)), *parts], axis=1)
        size = rng.choice(effect_sizes()) if len(causes) else 0.0
        sigma = np.sqrt(1 / (1 + size**2) / rng.gamma(2.0))
        value[:, node] = sigma * (rng.normal(size=N_ROW) + (size or 1.0) * design @ rng.normal(size=design.shape[1]))
    return value


def rank_row(routine: str, quantity: str, draws: np.ndarray, truth: float, rng: np.random.Generator) -> dict:
    """Rank of the truth among thinned draws; equal values are put in a random order."""
    kept = draws[np.linspace(0, len(draws) - 1, N_KEPT).astype(int)]
    rank = int((kept < truth).sum() + rng.integers(0, (kept == truth).sum() + 1))
    q05, q25, q75, q95 = np.quantile(draws, [0.05, 0.25, 0.75, 0.95])
    row = {"routine": routine, "quantity": quantity, "rank": rank, "n_draw": N_KEPT, "truth": truth}
    return row | {"q05": q05, "q25": q25, "q75": q75, "q95": q95}


def small_prior():
    """Compact tables of at most seven nodes, one dimension each, whose effects add up, in databases of few tables."""
    numbers = {"n_table": {"DiscreteUniform": [3, 4]}, "n_column": {"TruncatedZipf": [1.0, 3, 4]}}
    rows = {"n_row_entity": {"DiscreteUniform": [600, 1000]}, "n_row_activity": {"DiscreteUniform": [600, 1000]}}
    schema = {"n_category": {"DiscreteUniform": [2, 4]}} | numbers | rows
    own = {"n_dim": {"Pick": [1]}, "aggregation": {"Aggregation": ["sum"]}, "n_aggregation": 0}
    return override(get_prior("compact"), {"schema": schema, "features": own})


def recovery(n_table: int, seed: int) -> pd.DataFrame:
    """Edge probabilities of pairs of nodes in tables of the compact prior: a row for each ordered pair.

    Columns ``scale``, ``table``, ``cause``, ``effect``, ``edge_prob``, ``is_edge``, ``is_adjacent`` (either direction) and
    ``adjacent_prob``. Tables without foreign keys are taken, and nodes that vary. Every table counts twice: with numbers as
    normal scores, as when columns may be transformed, and standardised, as when the units of nodes are known.
    """
    rows: list[dict] = []
    n_found, prior = 0, small_prior()
    while n_found < n_table:
        tree = sample(seed, prior).latents["prior"]
        for name, group in tree.children.items():
            if "parent_row" in group.dataset or n_found == n_table:
                continue
            found = recovered(group.dataset, f"{seed}/{name}")
            n_found += bool(found)
            rows += found
        seed += 1
    return pd.DataFrame(rows)


def recovered(latents, name: str) -> list[dict]:
    """Infer the graph over a table's nodes; return a row for each ordered pair."""
    first = np.unique(latents["line_node"].values, return_index=True)[1]
    value, is_categorical = latents["value"].values[0, 0][first], latents["is_categorical"].values[0, 0]
    table = pd.DataFrame({str(node): pd.Categorical(x) if is_categorical[node] else x for node, x in enumerate(value)})
    table = table[[column for column in table if table[column].nunique() > 1]]
    if not 2 <= table.shape[1] <= 8:
        return []
    edge = latents["edge"].values[0, 0] != 0
    rows = []
    for is_transformed, scale in ((True, "normal scores"), (False, "units of nodes")):
        prob = infer_graph(table, is_transformed=is_transformed, n_draw=1)["sample_stats"]["edge_prob"].to_pandas()
        rows += pair_rows(scale, name, prob, edge)
    return rows


def pair_rows(scale: str, name: str, prob: pd.DataFrame, edge: np.ndarray) -> list[dict]:
    """Return a row for each ordered pair of nodes."""
    return [
        {"scale": scale, "table": name, "cause": cause, "effect": effect, "edge_prob": prob.loc[cause, effect]}
        | {"is_edge": bool(edge[int(cause), int(effect)])}
        | {"is_adjacent": bool(edge[int(cause), int(effect)] | edge[int(effect), int(cause)])}
        | {"adjacent_prob": prob.loc[cause, effect] + prob.loc[effect, cause]}
        for cause in prob
        for effect in prob
        if cause != effect
    ]


def auroc(score: pd.Series, truth: pd.Series) -> float:
    """Probability that a true one scores above a false one."""
    rank = score.rank()
    n_true, n_false = truth.sum(), (~truth).sum()
    return float((rank[truth].sum() - n_true * (n_true + 1) / 2) / (n_true * n_false))


def main() -> None:
    """Run both, print the results and write them to a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-repeat", type=int, default=100)
    parser.add_argument("--n-table", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/calibration"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    ranked = ranks(args.n_repeat, args.seed)
    ranked.to_csv(args.out / "features_ranks.csv", index=False)
    for (routine, quantity), group in ranked.groupby(["routine", "quantity"], sort=False):
        count = np.histogram(group["rank"], np.linspace(0, N_KEPT + 1, 6))[0]
        inside = group["truth"].between(group["q05"], group["q95"]).mean()
        print(f"{routine:17s} {quantity:40s} ranks in fifths {count}, in the 90 % interval {inside:.2f}")
    pairs = recovery(args.n_table, args.seed)
    pairs.to_csv(args.out / "features_recovery.csv", index=False)
    for scale, group in pairs.groupby("scale"):
        print(f"\nnumbers by {scale}: {args.n_table} tables, {len(group)} ordered pairs, {group['is_edge'].sum()} edges")
        report(group)


def report(pairs: pd.DataFrame) -> None:
    """Print how well edge probabilities tell edges, and how well they are calibrated."""
    half = pairs[pairs["cause"] < pairs["effect"]]
    print(f"AUROC of adjacent pairs {auroc(half['adjacent_prob'], half['is_adjacent']):.3f}")
    print(f"AUROC of directed edges {auroc(pairs['edge_prob'], pairs['is_edge']):.3f}")
    print(
        f"Brier score {((pairs['edge_prob'] - pairs['is_edge']) ** 2).mean():.3f}, of the base rate {pairs['is_edge'].var():.3f}"
    )
    bins = pd.cut(pairs["edge_prob"], [-0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 1.01])
    print(
        pairs.groupby(bins, observed=True).agg(n=("is_edge", "size"), predicted=("edge_prob", "mean"), true=("is_edge", "mean"))
    )


if __name__ == "__main__":
    main()
