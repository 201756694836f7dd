"""How far training is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from crossfade_shared.telemetry import StepReport

LINE_SECONDS = 10.0


class StepProgress:
    """Shows steps on standard error; silent where `shown` is false (every rank but the first)."""

    def __init__(self, total_steps: int, *, shown: bool) -> None:
        self._console = Console(stderr=True)
        self._shown = shown
        self._bar = Progress(
            TextColumn("step"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not (shown and self._console.is_terminal),
        )
        self._task = self._bar.add_task("step", total=total_steps, state="")
        self._next_line = 0.0

    def show(self, report: StepReport) -> None:
        """Show the step that was just trained."""
        loss = "not finite" if report.loss is None else f"{report.loss:.3f}"
        state = f"loss {loss}  mixture {report.version}  {report.phase}"
        if self._console.is_terminal:
            self._bar.update(self._task, completed=report.step + 1, state=state)
        elif self._shown and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_SECONDS
            self._console.print(f"step {report.step + 1}  {state}", highlight=False)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
