"""The event stream of one run: stored events in order, and progress now and then."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from crossfade_controller.database import Database
from crossfade_controller.events import repository
from crossfade_controller.events.feed import Feed
from crossfade_controller.events.models import Event
from crossfade_controller.events.schemas import EventBody

TICK_SECONDS = 0.5
PING_SECONDS = 15.0
RECONNECT_MILLISECONDS = 1000
_BATCH_EVENTS = 500


async def follow(database: Database, feed: Feed, run_id: int, after: int) -> AsyncIterator[bytes]:
    """Give the wire form of every event after an id, for ever, until the feed is closed.

    Events come as soon as they are committed in this process and within a tick otherwise; progress comes at most once
    a tick and has no id, so a client that reconnects resumes after the last stored event.
    """
    yield format_sse_event(retry=RECONNECT_MILLISECONDS)
    told, next_tick, next_ping = None, 0.0, time.monotonic() + PING_SECONDS
    while not feed.closed:
        news, progress = feed.next_news(run_id), feed.progress(run_id)
        async with database.read() as session:
            events = await repository.after(session, run_id, after, limit=_BATCH_EVENTS)
        for event in events:
            after = event.id
            yield _wire(event)
        if progress and progress is not told and time.monotonic() >= next_tick:
            told, next_tick = progress, time.monotonic() + TICK_SECONDS
            yield format_sse_event(event="step", data_str=json.dumps(dataclasses.asdict(progress)))
        if time.monotonic() >= next_ping:
            next_ping = time.monotonic() + PING_SECONDS
            yield KEEPALIVE_COMMENT
        if not events:
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), TICK_SECONDS)


def _wire(event: Event) -> bytes:
    body = EventBody.model_validate(event).model_dump_json()
    return format_sse_event(event=event.kind, id=str(event.id), data_str=body)
