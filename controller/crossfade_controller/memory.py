"""Answers kept in memory until something of their run is committed here, or for a second at the most.

The second bounds how late the commits of another controller on the same database are seen. While the database does not
answer, or takes its time, what is remembered is given with a word that it may be stale.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from crossfade_controller.events.feed import Feed
from crossfade_controller.outages import OUTAGES
from crossfade_controller.together import Together

FRESH_SECONDS = 1.0
STALE_HEADERS: dict[str, Any] = {
    "Warning": {
        "description": "`110 crossfade …`: the database does not answer, and this is what was last known",
        "schema": {"type": "string"},
    },
    "Age": {"description": "With a Warning: how many seconds ago it was read", "schema": {"type": "integer"}},
}
"""The description of the headers that a stale answer has."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Remembered(Generic[Answer]):
    """An answer, when it was read, and whether the database could not be asked whether it is still right."""

    answer: Answer
    generation: int
    read_at: float
    is_stale: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """What a stale answer says of itself; nothing for one that is right."""
        if not self.is_stale:
            return {}
        warning = '110 crossfade "the database does not answer; this is what was last known"'
        return {"Warning": warning, "Age": str(int(time.monotonic() - self.read_at))}


class Memory(Generic[Answer]):
    """Remembers the answers to questions about a run, or about all of them (None).

    Many who ask the same at once wait for one reading, for `patience_seconds` if there is an earlier answer. With
    `fresh_seconds=0` every question is read anew, and what is remembered is for the time when it cannot be.
    """

    def __init__(self, feed: Feed, *, most: int, patience_seconds: float, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._feed = feed
        self._most = most
        self._patience_seconds = patience_seconds
        self._fresh_seconds = fresh_seconds
        self._run_ids: dict[str, int] = {}
        self._remembered: dict[Hashable, Remembered[Answer]] = {}
        self._together: Together[Remembered[Answer]] = Together()

    def fresh(self, run: str | None, question: Hashable) -> Remembered[Answer] | None:
        """Give an answer that is known to be right, without asking anybody."""
        known = self._remembered.get((run, question))
        is_right = (
            known
            and known.generation == self._generation(run)
            and time.monotonic() < known.read_at + self._fresh_seconds
        )
        return known if is_right else None

    async def ask(
        self, run: str | None, question: Hashable, read: Callable[[], Awaitable[tuple[int | None, Answer]]]
    ) -> Remembered[Answer]:
        """Give the answer to a question; `read` gives the id of the run, if it is about one, and the answer.

        Where the database is away or slow and there is an earlier answer, that is given and marked as stale.
        """
        if known := self.fresh(run, question):
            return known
        generation = self._generation(run)  # who asks after a commit never gets what was read before it
        known = self._remembered.get((run, question))
        try:
            return await self._together.ask(
                (run, question, generation),
                lambda: self._read(run, question, generation, read),
                patience_seconds=self._patience_seconds if known else None,
            )
        except (*OUTAGES, TimeoutError):
            if known:
                return replace(known, is_stale=True)
            raise

    def _generation(self, run: str | None) -> int:
        """Give a number that grows with every commit of a run here; a run not read yet is never fresh."""
        if run is None:
            return self._feed.num_announced
        run_id = self._run_ids.get(run)
        return -1 if run_id is None else self._feed.generation(run_id)

    async def _read(
        self,
        run: str | None,
        question: Hashable,
        generation: int,
        read: Callable[[], Awaitable[tuple[int | None, Answer]]],
    ) -> Remembered[Answer]:
        read_at = time.monotonic()
        run_id, answer = await read()
        if run is not None and run_id is not None:
            self._run_ids[run] = run_id
        if len(self._remembered) >= self._most:
            self._remembered.clear()
        known = Remembered(answer=answer, generation=generation, read_at=read_at)
        self._remembered[run, question] = known
        return known
