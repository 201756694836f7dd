"""The event stream of one run: stored events in order, and progress now and then."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from fastapi.sse import format_sse_event

from crossfade_controller.database import Database
from crossfade_controller.delivery.loops import keep_going
from crossfade_controller.events import repository
from crossfade_controller.events.feed import Feed
from crossfade_controller.events.tail import BATCH_EVENTS, Tail, wire_of, wire_of_progress
from crossfade_controller.runs import repository as runs
from crossfade_controller.together import Together

RECONNECT_MILLISECONDS = (500, 2500)
"""Least and most: all who lost a controller at once do not come back at once."""


@dataclass
class _Shared:
    tail: Tail
    reading: asyncio.Task[NoReturn]
    num_followers: int = 0


class Streams:
    """The event streams that are open here; those of one run share its tail, which lives as long as they do."""

    def __init__(self, database: Database, feed: Feed) -> None:
        self._database = database
        self._feed = feed
        self._shared: dict[int, _Shared] = {}
        self._together: Together[tuple[int, int]] = Together()

    @property
    def num_open(self) -> int:
        """How many streams are open."""
        return sum(shared.num_followers for shared in self._shared.values())

    async def end_of(self, run: str) -> tuple[int, int]:
        """Give a run's id and that of its newest event; raises a 404 `Problem`.

        When a controller comes back everybody connects at once: they wait for one reading.
        """
        return await self._together.ask(run, lambda: self._read_end(run))

    async def follow(self, run_id: int, after: int, *, newest: int) -> AsyncIterator[bytes]:
        """Give the wire form of every event after an id, for ever, until the feed is closed; `newest` is the last one.

        Events come as soon as they are committed in this process and within a tick otherwise; progress comes at most
        once a tick and has no id, so a client that reconnects resumes after the last stored event.
        """
        retry = random.randint(*RECONNECT_MILLISECONDS)  # noqa: S311 - spreads reconnects
        yield format_sse_event(retry=retry, id=str(after))  # lost before its first event, it resumes here
        if progress := self._feed.progress(run_id):
            yield wire_of_progress(progress)
        with self._tail_of(run_id, newest) as tail:
            while not self._feed.closed:
                turn = tail.turn
                if after < tail.floor:
                    wire, after = await self._read_older(run_id, after)
                else:
                    wire, after = tail.since(after)
                if not wire:
                    await turn.wait()
                    wire = tail.passing
                if wire:
                    yield wire

    @contextmanager
    def _tail_of(self, run_id: int, newest: int) -> Iterator[Tail]:
        if run_id not in self._shared:
            tail = Tail(self._database, self._feed, run_id, newest=newest)
            reading = asyncio.create_task(keep_going(f"reading the events of run {run_id}", tail.read))
            self._shared[run_id] = _Shared(tail, reading)
        shared = self._shared[run_id]
        shared.num_followers += 1
        try:
            yield shared.tail
        finally:
            shared.num_followers -= 1
            if not shared.num_followers:
                shared.reading.cancel()
                del self._shared[run_id]

    async def _read_end(self, run: str) -> tuple[int, int]:
        async with self._database.read() as session:
            found = await runs.find(session, run)
            return found.id, await repository.last_id(session, found.id)

    async def _read_older(self, run_id: int, after: int) -> tuple[bytes, int]:
        async with self._database.read() as session:
            events = await repository.after(session, run_id, after, limit=BATCH_EVENTS)
        return b"".join(map(wire_of, events)), events[-1].id if events else after
