"""``plurel-prob score``."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from plurel_prob.cli.output import check_out, write_whole
from plurel_prob.databases import load, observe
from plurel_prob.databases.disk import PROVENANCE
from plurel_prob.priors import get_prior


def score(path: Path, /, *, prior: str | None = None, out: Path | None = None) -> None:
    """Print the log density of a database: in total, by stage, by table and by site.

    A drawn database is scored from its latents, under the prior that drew it. Any other folder in RelBench format, or any with
    --prior, is scored as far as its tables tell: the graph over tables, their rows, and foreign keys whose parents are all alike.

    Args:
        path: folder of a database, such as out/plurel-0.
        prior: name of a prior (plurel, compact, plurel-untruncated), or a TOML file, to score the tables under.
        out: CSV file for all parts, in nats; one that exists is replaced.
    """
    check_out(out)
    law = get_prior(prior or "plurel")

    from plurel_prob.cli.sample import use_compilation_cache
    from plurel_prob.scoring import log_density
    from plurel_prob.scoring.observed import observed_log_density

    use_compilation_cache()
    is_drawn = prior is None and (path / PROVENANCE).exists()
    with Console(stderr=True).status("scoring"):
        result = log_density(load(path)) if is_drawn else observed_log_density(observe(path), law)
    console = Console()
    console.print(f"[bold]{path.name}[/bold]: log density {result.total:,.2f} nats")
    for level in ("stage", "table", "site"):
        table = Table(level, "nats")
        table.columns[1].justify = "right"
        for name, value in result.by(level).items():
            table.add_row(str(name) or "(once)", f"{value:,.2f}")
        console.print(table)
    if out is not None:
        write_whole(out, lambda partial: result.parts.to_csv(partial, index=False))
        console.print(f"Written to {out}.", soft_wrap=True)
