"""The tail of a run's events: read from the database once, for however many follow it."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections import deque
from contextlib import suppress

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from crossfade_controller.database import Database
from crossfade_controller.events import repository
from crossfade_controller.events.feed import Feed, Progress
from crossfade_controller.events.models import Event
from crossfade_controller.events.schemas import EventBody

TICK_SECONDS = 0.5
PING_SECONDS = 15.0
BATCH_EVENTS = 500
_KEPT_EVENTS = 1000


class Tail:
    """The newest events of one run in their wire form; `turn` ends whenever there is something new to send.

    Who is further behind than the tail is long reads from the database what is missing.
    """

    def __init__(self, database: Database, feed: Feed, run_id: int, *, newest: int) -> None:
        self._database = database
        self._feed = feed
        self._run_id = run_id
        self._kept: deque[tuple[int, bytes]] = deque()
        self._last_id = newest
        self._told: Progress | None = None
        self._next_tick = 0.0
        self._next_ping = time.monotonic() + PING_SECONDS
        self.floor = newest
        """Events up to this id are not in the tail."""
        self.passing = b""
        """What is sent at this turn and has no place in the order: progress, or a sign of life."""
        self.turn = asyncio.Event()

    async def read(self) -> None:
        """Take what is new and tell the followers of it, or wait for it."""
        news = self._feed.next_news(self._run_id)
        async with self._database.read() as session:
            events = await repository.after(session, self._run_id, self._last_id, limit=BATCH_EVENTS)
        for event in events:
            self._keep(event)
        passing = self._what_passes()
        if events or passing or self._feed.closed:
            self.passing = passing
            ended, self.turn = self.turn, asyncio.Event()
            ended.set()
        if not events:
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), TICK_SECONDS)

    def since(self, event_id: int) -> tuple[bytes, int]:
        """Give the wire form of all that follows an event, and the id of the last of them."""
        wires = []
        for kept_id, wire in reversed(self._kept):
            if kept_id <= event_id:
                break
            wires.append(wire)
        return b"".join(reversed(wires)), max(event_id, self._last_id)

    def _keep(self, event: Event) -> None:
        self._kept.append((event.id, wire_of(event)))
        self._last_id = event.id
        if len(self._kept) > _KEPT_EVENTS:
            self.floor, _ = self._kept.popleft()

    def _what_passes(self) -> bytes:
        """Give progress, at most once a tick, and else a sign of life now and then."""
        passed, progress = time.monotonic(), self._feed.progress(self._run_id)
        if progress and progress is not self._told and passed >= self._next_tick:
            self._told, self._next_tick = progress, passed + TICK_SECONDS
            return wire_of_progress(progress)
        if passed >= self._next_ping:
            self._next_ping = passed + PING_SECONDS
            return KEEPALIVE_COMMENT
        return b""


def wire_of(event: Event) -> bytes:
    """Give the wire form of an event."""
    body = EventBody.model_validate(event).model_dump_json()
    return format_sse_event(event=event.kind, id=str(event.id), data_str=body)


def wire_of_progress(progress: Progress) -> bytes:
    """Give the wire form of how far training is."""
    return format_sse_event(event="step", data_str=json.dumps(dataclasses.asdict(progress)))
