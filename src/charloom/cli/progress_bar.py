"""The progress of long work: a bar on a terminal's stderr, a line at times elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .options import say


@contextmanager
def progress_bar(
    what: str = "reading", share: Callable[[], float] | None = None
) -> Iterator[Callable[[str, float], None]]:
    """Show what is being done and how much of it is done, from 0 to 1.

    Args:
        what: what is done first.
        share: returns how much is done; without it, call what the context yields.
    """
    if not sys.stderr.isatty():
        from ..reporting.lines import ProgressLines

        with ProgressLines(say) as lines:
            if share is not None:
                lines.update(lambda: f"{what}: {share():.0%}")
            yield lambda what, share: lines.update(f"{what}: {share:.0%}")
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, Task, TaskProgressColumn, TextColumn
    from rich.progress_bar import ProgressBar

    class Bar(BarColumn):
        """Asks how much is done whenever it is drawn."""

        def render(self, task: Task) -> ProgressBar:
            if share is not None:
                task.completed = share()
            return super().render(task)

    bar = Progress(
        TextColumn("{task.description}"),
        Bar(bar_width=None),
        TaskProgressColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,  # results are printed meanwhile
        redirect_stderr=False,
    )
    with bar:
        task = bar.add_task(what, total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)
