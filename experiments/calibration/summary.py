"""Sum the results up: are ranks uniform, do intervals cover, are edge probabilities right?"""

from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest, norm

from experiments.calibration import databases, features
from experiments.calibration.records import pairs, ranks
from experiments.lines import read_lines

N_BIN, LEVEL = 10, 0.05  # of ranks; of all tests together
N_SIMULATED = 100_000
CHAINS = {  # draws of one, and steps at most
    "infer_mechanisms": (features.N_NUTS, features.MAX_STEP),
    "infer_database": (databases.N_NUTS, databases.MAX_STEP),
}
INTERVALS = (50, 90)  # percent
EDGE_BINS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def write(folder: Path) -> None:
    """Write and print what there is."""
    ranked = ranks(folder)
    if len(ranked):
        table = calibration(ranked)
        table.to_csv(folder / "summary.csv", index=False, float_format="%.4g")
        n_rejected = int((table["p_holm"] < LEVEL).sum())
        show(f"calibration: {n_rejected} of {len(table)} rejected at {LEVEL:.0%} in all", table)
        found = power(sorted(table["n_repeat"].unique()), LEVEL / len(table))
        found.to_csv(folder / "power.csv", index=False, float_format="%.3g")
        show("power", found)
        for name, (n_draw, max_step) in CHAINS.items():
            print(nuts(name, read_lines(folder / f"{name}.jsonl"), n_draw, max_step))
    of_pairs = pairs(folder)
    if len(of_pairs):
        for name, table in (("recovery", recovery(of_pairs)), ("recovery_bins", reliability(of_pairs))):
            table.to_csv(folder / f"{name}.csv", index=False, float_format="%.4g")
            show(name, table)


def calibration(ranked: pd.DataFrame) -> pd.DataFrame:
    """Test and coverage of every quantity: a row each."""
    rows = []
    for (routine, quantity), group in ranked.groupby(["routine", "quantity"], sort=False):
        row = {"routine": routine, "quantity": quantity, "n_repeat": len(group), "p_value": p_uniform(counts(group["place"]))}
        for percent in INTERVALS:
            tail = (1 - percent / 100) / 2
            row |= covered(f"coverage_{percent}", group["place"].between(tail, 1 - tail))
        row["median_ess"] = group["ess"].median()  # of draws by NUTS; nothing where draws are independent
        rows.append(row)
    table = pd.DataFrame(rows)
    table.insert(4, "p_holm", holm(table["p_value"].to_numpy()))
    return table


def nuts(name: str, repeats: list[dict], n_draw: int, max_step: int) -> str:
    """What is known about the chains of a routine, of ``n_draw`` draws each."""
    n_divergent, n_deepest = (sum(repeat[name] for repeat in repeats) for name in ("n_divergent", "n_deepest"))
    n_with = sum(repeat["n_divergent"] > 0 for repeat in repeats)
    in_all = f"{name}: of {len(repeats) * n_draw} draws in {len(repeats)} chains"
    return f"{in_all} {n_divergent} diverged, in {n_with} chains, and {n_deepest} stopped at {max_step} steps"


def counts(place: pd.Series | np.ndarray) -> np.ndarray:
    """Ranks in bins of equal width."""
    return np.histogram(place, np.linspace(0, 1, N_BIN + 1))[0]


def p_uniform(count: np.ndarray) -> float:
    """P-value of Pearson's statistic against a uniform law, by simulation: exact for few repeats, too."""
    simulated = np.random.default_rng(0).multinomial(count.sum(), np.full(len(count), 1 / len(count)), N_SIMULATED)
    n_more = ((simulated**2).sum(axis=1) >= (count**2).sum()).sum()  # the statistic grows with the sum of squares
    return float((n_more + 1) / (N_SIMULATED + 1))


def power(n_repeats: list[int], level: float) -> pd.DataFrame:
    """Chance that one test at a level finds a normal posterior that is too narrow by a factor, or shifted by half its width."""
    rng, rows = np.random.default_rng(0), []
    for n_repeat in n_repeats:
        at_random = rng.multinomial(n_repeat, np.full(N_BIN, 1 / N_BIN), N_SIMULATED)
        critical = np.quantile((at_random**2).sum(axis=1), 1 - level)
        row: dict[str, float] = {"n_repeat": n_repeat}
        for name, factor, shift in (("narrow_1.5", 1.5, 0.0), ("narrow_2", 2.0, 0.0), ("shifted", 1.0, 0.5)):
            place = norm.cdf(shift + factor * rng.normal(size=(2000, n_repeat)))
            count = np.array([counts(of_one) for of_one in place])
            row[name] = ((count**2).sum(axis=1) > critical).mean()
        rows.append(row)
    return pd.DataFrame(rows)


def holm(p_value: np.ndarray) -> np.ndarray:
    """Holm's adjusted p-values: those below a level are significant at this level for all tests together."""
    order = np.argsort(p_value)
    result = np.empty(len(p_value))
    result[order] = np.maximum.accumulate(p_value[order] * np.arange(len(p_value), 0, -1)).clip(max=1.0)
    return result


def covered(name: str, is_inside: pd.Series) -> dict[str, float]:
    """A share, and its exact 95 % confidence interval."""
    low, high = binomtest(int(is_inside.sum()), len(is_inside)).proportion_ci(0.95, method="exact")
    return {name: is_inside.mean(), f"{name}_low": low, f"{name}_high": high}


def recovery(found: pd.DataFrame) -> pd.DataFrame:
    """How well edge probabilities tell edges: a row for each scale."""
    rows = []
    for scale, group in found.groupby("scale", sort=False):
        half = group[group["is_half"]]
        row = {"scale": scale, "n_table": group["table"].nunique(), "n_pair": len(group), "n_edge": group["is_edge"].sum()}
        row |= {"auroc_adjacent": auroc(half["adjacent_prob"], half["is_adjacent"])}
        row |= {"auroc_directed": auroc(group["edge_prob"], group["is_edge"])}
        row |= {
            "brier": ((group["edge_prob"] - group["is_edge"]) ** 2).mean(),
            "brier_of_base_rate": group["is_edge"].var(ddof=0),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def auroc(score: pd.Series, truth: pd.Series) -> float:
    """Probability that a true one scores above a false one."""
    rank = score.rank()
    n_true, n_false = truth.sum(), (~truth).sum()
    return float((rank[truth].sum() - n_true * (n_true + 1) / 2) / (n_true * n_false))


def reliability(found: pd.DataFrame) -> pd.DataFrame:
    """Mean probability and share of true edges among pairs of similar probability: a row for each scale and bin."""
    rows = []
    for (scale, place), group in found.groupby(["scale", np.digitize(found["edge_prob"], EDGE_BINS[1:-1])], sort=False):
        row = {"scale": scale, "from": EDGE_BINS[place], "to": EDGE_BINS[place + 1], "n_pair": len(group)}
        row |= {"predicted": group["edge_prob"].mean()} | covered("true", group["is_edge"])
        rows.append(row | {"adjacent": group["is_adjacent"].mean()})  # an edge in either direction
    return pd.DataFrame(rows).sort_values(["scale", "from"])


def show(title: str, frame: pd.DataFrame) -> None:
    """Print a table."""
    table = Table(*frame.columns, title=title)
    for row in frame.itertuples(index=False):
        table.add_row(*(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row))
    Console(width=200).print(table)
