"""Ctrl-C and SIGTERM, turned into a wish that training grants at the next step boundary."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any, Self


class StopSignal:
    """`asked` becomes true at the first SIGINT or SIGTERM.

    A second SIGINT has its usual effect. A second SIGTERM has none, because launchers send it to the ranks and to
    their process group alike.
    """

    def __init__(self) -> None:
        self.asked = False
        self._usual: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._usual[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._usual.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True
