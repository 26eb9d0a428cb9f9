"""``plurel-prob predict``."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from rich.progress import Progress
from rich.table import Table

from plurel_prob.cli.evaluate import folder_of
from plurel_prob.cli.extras import extra
from plurel_prob.cli.numbers import NonNegativeInt
from plurel_prob.cli.output import SWITCH, AsJson, PlainConsole, check_out, new_table, plain, print_json, print_table, write_whole
from plurel_prob.cli.progress import progress_bar
from plurel_prob.errors import DatabaseError, shown
from plurel_prob.programs.files import use_compilation_cache
from plurel_prob.rfm.rows.weights import WEIGHTS

if TYPE_CHECKING:
    import pandas as pd

    from plurel_prob.rfm.prediction.ask import Asked
    from plurel_prob.rfm.prediction.report import Compared
    from plurel_prob.rfm.prediction.source import PredictionSource
    from plurel_prob.rfm.rows.learner import RowLearner
else:
    Asked = Compared = RowLearner = PredictionSource = Any  # they import JAX

SUFFIXES = (".csv", ".parquet", ".json")
N_SHOWN = 10  # rows of a preview, and columns that matter
METRICS = ("AUROC", "log loss", "accuracy", "NMAE", "R2", "coverage 80 %")  # that are shown
KINDS: tuple[Literal["column"], Literal["table"]] = ("column", "table")  # of what matters
Members = Literal["all", "network", "trees"]


def predict(
    database: str,
    /,
    *,
    task: str | None = None,
    split: Literal["val", "test"] = "test",
    column: str | None = None,
    after: str | None = None,
    forecast: str | None = None,
    by: str | None = None,
    within: str | None = None,
    measure: str | None = None,
    at: str | None = None,
    out: Path | None = None,
    checkpoint: Path | None = None,
    members: Members = "all",
    explain: Annotated[bool, SWITCH] = False,
    baselines: bool = True,
    seed: NonNegativeInt = 0,
    as_json: AsJson = False,
) -> None:
    """Predict rows of a database: a task of it, a column, or what will refer to its rows.

    The network comes trained, and no GPU is needed.

    Give one of --task, --column and --forecast. For example:

        plurel-prob predict rel-f1 --task driver-dnf
        plurel-prob predict shop.sqlite --column customers.churned --out churned.csv
        plurel-prob predict shop.sqlite --forecast orders --by customers --within 30d --measure sum:amount

    A row is predicted from what was known at its time: its own columns, what it refers to, what refers to it, earlier labels.
    Other labelled rows are the network's context, and boosted trees are fitted to them. The two are averaged with weights that
    held-out labels choose. Where labels of predicted or of held-out rows are known, metrics are shown beside those of baselines,
    with 95% intervals of a bootstrap. Higher is better for AUROC, accuracy and R2; lower for log loss and NMAE, the mean
    absolute error over the labels' standard deviation.

    Args:
        database: folder in RelBench format, or a database that RelBench downloads, such as stanford-star/relbench-v1/rel-f1; or
            (extra `sql`) a SQLite or DuckDB file, folder of csv or parquet files with schema.sql, or PostgreSQL's URL.
        task: name of a task of a folder in RelBench format; the rows of a split are predicted.
        split: split of the task to predict.
        column: table and column, such as customers.churned: its missing cells are filled in.
        after: predict the column of all rows later than a time such as 2024-05-01, from those up to it.
        forecast: child table, such as orders.
        by: parent table, such as customers, or the foreign key; each row of the parent gets a prediction.
        within: length of the window, such as 30d, 12h or 4w; by default that in which about half of the parents get a child row.
        measure: what to predict of the child rows in the window: any (whether there is one; the default), count, next (days
            until the first), or mean:COLUMN, sum:COLUMN or latest:COLUMN.
        at: time at which the window begins; by default the last one in the database.
        out: file for the predictions, .csv, .parquet or .json; one that exists is replaced.
        checkpoint: file of weights, or a run of `plurel-prob pretrain --network rows`; by default the package's weights.
        members: all, or the network or the trees alone.
        explain: show which columns and tables mattered on held-out rows.
        baselines: compare with the mean, the entity's history, ridge regression and LightGBM.
        seed: random seed of contexts and trees.
        as_json: print the predictions and figures as JSON, and nothing else.
    """
    options = {"task": task, "column": column, "forecast": forecast}
    _check_options(options, {"after": after}, {"by": by, "within": within, "measure": measure, "at": at})
    if out is not None and out.suffix.lower() not in SUFFIXES:
        raise DatabaseError(f"--out {out}: the name of the file ends with {', '.join(SUFFIXES)}")
    check_out(out)
    with extra("rfm"):
        from plurel_prob.rfm.prediction.report import compare, table_of
        from plurel_prob.rfm.prediction.source import open_source
        from plurel_prob.rfm.rows.learner import RowLearner
    use_compilation_cache()
    console = PlainConsole()
    with progress_bar() as progress, _steps(progress) as step, ExitStack() as opened:
        step("reading", 0, 1)
        with extra("sql"):
            source = opened.enter_context(open_source(database if "://" in database else str(folder_of(database))))
        asked = _ask(source, options, split, after, (by, within, measure or "any", at), seed)
        learner = RowLearner.load(weights_of(checkpoint), members=members, seed=seed, on_rows=step)
        law = learner.fit(asked.task, split=asked.split).law()
        rows = asked.task.labels[asked.split]
        same = asked.held is asked.task
        judge = learner if same else _judge(learner, asked)
        compared = None
        if judge is not None:
            told = lambda method: step(f"comparing with {method}", 0, 1)  # noqa: E731
            compared = compare(asked, judge, law if same else None, baselines=baselines, on_method=told)
        frame = table_of(source, asked, rows, law)
        mattered = [learner.importance(kind) for kind in KINDS] if explain else []
    if as_json:
        print_json(content_of(asked, frame, compared, mattered))
    else:
        console.print(plain(source.name, "bold") + plain(f": {asked.what}, {len(frame):,} rows"), soft_wrap=True)
        _print_context(console, learner)
        print_table(preview(frame))
        _print_figures(console, asked, compared)
        for kind, found in zip(KINDS, mattered, strict=False):
            print_table(importance_table(kind, found))
    if out is not None:
        write_whole(out, lambda path: write_frame(frame, path, out.suffix.lower()))
        PlainConsole(stderr=as_json).print(f"Written to {out}.", soft_wrap=True)


def content_of(
    asked: Asked, frame: "pd.DataFrame", compared: Compared | None, mattered: Sequence["pd.DataFrame"]
) -> dict[str, Any]:
    """What is printed, and all predictions, for machines."""
    figures = {} if compared is None else compared.figures
    return {
        "what": asked.what,
        "held_out": asked.held_what if compared is not None else None,
        "figures": {name: {metric: figure._asdict() for metric, figure in of.items()} for name, of in figures.items()},
        "mattered": {kind: found.to_dict("records") for kind, found in zip(KINDS, mattered, strict=False)},
        "predictions": frame.to_dict("records"),
    }


def _print_figures(console: PlainConsole, asked: Asked, compared: Compared | None) -> None:
    """Print how good predictions are, where labels tell."""
    if compared is not None:
        positive = "" if compared.n_positive is None else f", {compared.n_positive:,} positive"
        console.print(plain(f"How good it is, on {asked.held_what}: {compared.n_row:,} rows{positive}"), soft_wrap=True)
        print_table(compared_table(compared))
    elif asked.held is not None:
        console.print("Too few rows are known before the held-out ones to compare with.")


def _check_options(asked: dict[str, str | None], *only: dict[str, str | None]) -> None:
    """Refuse options that do not go together.

    Raises:
        DatabaseError: not one thing is asked, or an option is of something else.
    """
    given = [name for name, value in asked.items() if value is not None]
    if len(given) != 1:
        said = " and ".join(f"--{name}" for name in given) or "nothing"
        raise DatabaseError(f"say one of --task, --column and --forecast, not {said}")
    for name, options in zip(("column", "forecast"), only, strict=True):
        for option, value in options.items():
            if value is not None and given[0] != name:
                raise DatabaseError(f"--{option}: goes with --{name}, not with --{given[0]}")


def _ask(
    source: PredictionSource,
    options: dict[str, str | None],
    split: str,
    after: str | None,
    forecast: tuple[str | None, str | None, str, str | None],
    seed: int,
) -> Asked:
    import numpy as np

    from plurel_prob.rfm.prediction.ask import ForecastOptions, ask_column, ask_forecast, ask_task

    if options["task"] is not None:
        return ask_task(source, options["task"], split)
    if options["column"] is not None:
        return ask_column(source, options["column"], after)
    by, within, measure, at = forecast
    asked = ForecastOptions(options["forecast"] or "", by or "", within, measure, at)
    return ask_forecast(source, asked, np.random.default_rng(seed))


def weights_of(checkpoint: Path | None) -> Path | None:
    """File of weights, of a run the one in it.

    Raises:
        DatabaseError: there is none.
    """
    if checkpoint is None or checkpoint.is_file():
        return checkpoint
    file = checkpoint / WEIGHTS
    if not file.is_file():
        raise DatabaseError(f"--checkpoint {checkpoint}: is no file of weights, and no run of pretrain --network rows")
    return file


def _judge(learner: RowLearner, asked: Asked) -> RowLearner | None:
    """Learner that does not know the held-out rows; None if too little is left for it."""
    from dataclasses import replace

    if asked.held is None:
        return None
    try:
        return replace(learner).fit(asked.held, split=asked.split)
    except DatabaseError:
        return None


@contextmanager
def _steps(progress: Progress) -> Iterator[Any]:
    """Give what is called with a step, how much of it is done, and how much there is."""
    bar = progress.add_task("", total=None)

    def step(what: str, n_done: int, n: int) -> None:
        progress.update(bar, description=what, completed=n_done, total=n)

    yield step
    progress.update(bar, visible=False)


def _print_context(console: PlainConsole, learner: RowLearner) -> None:
    from plurel_prob.rfm.prediction.ask import date_of

    labelled, weight = learner.labelled_, learner.blend_.weight
    times = dict.fromkeys(date_of(int(time)) for time in (labelled.time.min(), labelled.time.max()))
    parts = zip(learner.members_, weight, strict=True)
    said = ", ".join(f"{member.name} {share:.0%}" for member, share in parts)
    console.print(
        f"Context: {len(labelled):,} labelled rows of {len(learner.problem_.context):,}, {' to '.join(times)}, "
        f"with {labelled.x.shape[1]:,} features. Averaged: {said}.",
        soft_wrap=True,
    )


def preview(frame: "pd.DataFrame") -> Table:
    """First rows of the predictions."""
    title = f"First {min(N_SHOWN, len(frame))} of {len(frame):,} predictions"
    table = new_table(numbers=tuple(shown(str(name)) for name in frame), title=title)
    for row in frame.head(N_SHOWN).itertuples(index=False):
        table.add_row(*(f"{value:.4g}" if isinstance(value, float) else shown(str(value)) for value in row))
    return table


def compared_table(compared: Compared) -> Table:
    """Row for each method, a column for each metric, with its interval."""
    metrics = [metric for metric in compared.figures["rows"] if metric in METRICS]
    table = new_table("method", numbers=tuple(metrics))
    for method, figures in compared.figures.items():
        cells = [figures.get(metric) for metric in metrics]
        table.add_row(
            "this prediction" if method == "rows" else method,
            *("" if cell is None else f"{cell.value:.3f} [{cell.low:.3f}, {cell.high:.3f}]" for cell in cells),
        )
    return table


def importance_table(kind: str, found: "pd.DataFrame") -> Table:
    """What mattered most."""
    title = f"Loss on held-out rows when a {kind} is permuted"
    table = new_table(kind, numbers=("features", "loss added", "se"), title=title)
    for row in found.head(N_SHOWN).itertuples(index=False):
        table.add_row(shown(row.name), str(row.features), f"{row.loss:+.1%}", f"{row.se:.1%}")
    return table


def write_frame(frame: "pd.DataFrame", path: Path, suffix: str) -> None:
    """Write predictions in the format that a suffix stands for."""
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    elif suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_json(path, orient="records", date_format="iso", indent=1)
