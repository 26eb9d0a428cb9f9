"""The bar of a run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from plurel_prob.cli.output import PlainConsole
from plurel_prob.cli.progress import Description

STREAM = "stream"


@contextmanager
def training_bar(console: PlainConsole, n_step: int, what: str) -> Iterator[Callable[[int, dict[str, float]], None]]:
    """Show a bar with the loss and the speed, in rows or cells; give what moves it."""
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    told = TextColumn("{task.fields[told]}", markup=False)
    with Progress(Description(), *columns, told, console=console) as progress:
        bar = progress.add_task("training", total=n_step, told="compiling")

        def show(step: int, figures: dict[str, float]) -> None:
            speed = f"{figures[f'{what}_per_s']:,.0f} {what}/s"
            progress.update(bar, completed=step, told=f"loss {figures['loss']:.4f}, {speed}")

        yield show
