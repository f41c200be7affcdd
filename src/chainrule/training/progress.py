"""The progress bar: on a terminal, while it lasts; nowhere else."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

PAUSE = 0.1  # seconds between two changes of what is shown


class Bar:
    """A bar over epochs with loss, speed and time left, on standard error; nothing at all where that is no terminal."""

    def __init__(self, total: int, show: bool | None) -> None:
        self.total, self.shown = total, 0.0
        self.show = sys.stderr.isatty() if show is None else show
        self.bar: Any = None

    def __enter__(self) -> Bar:
        if self.show and self.total:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self.bar = Progress(
                TextColumn("training"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("epochs  loss {task.fields[loss]}  {task.fields[speed]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self.bar.start()
            self.task = self.bar.add_task("training", total=self.total, loss="", speed="")
        return self

    def at(self, epochs: float, loss: float) -> None:
        """So many epochs are done, and the last step had this loss."""
        if self.bar is not None and (time.perf_counter() - self.shown > PAUSE or epochs == self.total):
            self.shown = time.perf_counter()
            task = self.bar.tasks[0]
            speed = f"{task.speed:,.0f} epochs/s" if task.speed else ""
            self.bar.update(self.task, completed=epochs, loss=f"{loss:.4g}", speed=speed)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()
