"""Answers kept in memory until something of their run is committed here, or for a second at the most.

The second bounds how late the commits of another controller on the same database are seen. While the database does not
answer, what is remembered is given with a word that it may be stale.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from crossfade_controller.events.feed import Feed
from crossfade_controller.together import Together

FRESH_SECONDS = 1.0
STALE = {"Warning": '110 crossfade "the database does not answer; this is what was last known"'}
"""The header of a stale answer."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Remembered(Generic[Answer]):
    """An answer, and whether the database could not be asked whether it is still right."""

    answer: Answer
    generation: int
    fresh_until: float
    is_stale: bool = False


class Memory(Generic[Answer]):
    """Remembers the answers to questions about runs; many who ask the same at once wait for one reading."""

    def __init__(self, feed: Feed, *, most: int) -> None:
        self._feed = feed
        self._most = most
        self._run_ids: dict[str, int] = {}
        self._remembered: dict[Hashable, Remembered[Answer]] = {}
        self._together: Together[Remembered[Answer]] = Together()

    def fresh(self, run: str, question: Hashable) -> Remembered[Answer] | None:
        """Give an answer that is known to be right, without asking anybody."""
        known = self._remembered.get((run, question))
        is_right = known and known.generation == self._generation(run) and time.monotonic() < known.fresh_until
        return known if is_right else None

    async def ask(
        self, run: str, question: Hashable, read: Callable[[], Awaitable[tuple[int, Answer]]]
    ) -> Remembered[Answer]:
        """Give the answer to a question about a run; `read` gives the run's id and the answer, and may raise.

        Where the database is away and there is an earlier answer, that is given and marked as stale.
        """
        if known := self.fresh(run, question):
            return known
        generation = self._generation(run)  # who asks after a commit never gets what was read before it
        return await self._together.ask(
            (run, question, generation), lambda: self._read(run, question, generation, read)
        )

    def _generation(self, run: str) -> int:
        """Give a number that grows with every commit of a run here; a run not read yet is never fresh."""
        run_id = self._run_ids.get(run)
        return -1 if run_id is None else self._feed.generation(run_id)

    async def _read(
        self, run: str, question: Hashable, generation: int, read: Callable[[], Awaitable[tuple[int, Answer]]]
    ) -> Remembered[Answer]:
        fresh_until = time.monotonic() + FRESH_SECONDS
        try:
            self._run_ids[run], answer = await read()
        except (OperationalError, InterfaceError, PoolTimeoutError):
            if known := self._remembered.get((run, question)):
                return replace(known, is_stale=True)
            raise
        if len(self._remembered) >= self._most:
            self._remembered.clear()
        known = Remembered(answer=answer, generation=generation, fresh_until=fresh_until)
        self._remembered[run, question] = known
        return known
