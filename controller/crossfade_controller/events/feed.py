"""News within this process: who waits for a run is woken when something of it was committed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far training was at the last report; it is told as it passes and never kept."""

    step: int
    tokens: int
    phase: str
    version: int
    loss: float | None
    tokens_per_second: float | None
    mfu: float | None


class Feed:
    """Wakes those who follow a run. What they then read is in the database, so a missed wake costs only time."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Event] = {}
        self._progress: dict[int, Progress] = {}
        self._generations: defaultdict[int, int] = defaultdict(int)
        self.num_announced = 0
        """Announcements so far, of all runs."""
        self.closed = False

    def next_news(self, run_id: int) -> asyncio.Event:
        """Give what is set at the next announcement; take it before reading, so that none falls in between."""
        return self._waiting.setdefault(run_id, asyncio.Event())

    def announce(self, run_id: int) -> None:
        """Wake all followers of a run."""
        self._generations[run_id] += 1
        self.num_announced += 1
        if waiting := self._waiting.pop(run_id, None):
            waiting.set()

    def generation(self, run_id: int) -> int:
        """Give a number that grows with every announcement of a run."""
        return self._generations[run_id]

    def progress(self, run_id: int) -> Progress | None:
        """Give the last known progress of a run."""
        return self._progress.get(run_id)

    def set_progress(self, run_id: int, progress: Progress) -> None:
        """Keep the last progress; followers look at it when they wake."""
        self._progress[run_id] = progress

    def close(self) -> None:
        """Let every follower end, so that the server can."""
        self.closed = True
        for run_id in list(self._waiting):
            self.announce(run_id)
