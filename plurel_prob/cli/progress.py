"""Bars that show how far a command is, on standard error."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from plurel_prob.cli.output import PlainConsole, plain


class Description(ProgressColumn):
    """What a progress bar is about."""

    def render(self, task: Task) -> Text:
        """Text of a task."""
        return plain(task.description)


class PartsProgress:
    """A bar for what is being done, such as the parts of a long table, gone when it is complete."""

    def __init__(self, progress: Progress):
        self.progress, self.task = progress, progress.add_task("", visible=False)

    def __call__(self, table: str, n_drawn: int, n_part: int) -> None:
        """Show how much is done."""
        if n_drawn == 1:
            self.progress.reset(self.task, total=n_part)
        self.progress.update(self.task, description=table, completed=n_drawn, total=n_part, visible=n_drawn < n_part)

    def __enter__(self) -> "PartsProgress":
        return self

    def __exit__(self, *error: object) -> None:
        self.progress.remove_task(self.task)


def progress_bar() -> Progress:
    """Return a bar with count, elapsed and remaining time, on stderr."""
    return Progress(
        Description(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=PlainConsole(stderr=True),
    )
