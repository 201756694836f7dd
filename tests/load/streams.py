"""Subscribers of the event stream, and how long after a commit each of them is told."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

import psutil
from tests.controller.served import Controller
from tests.load.figures import Bound, Figure, milliseconds
from tests.load.place import new_run
from tests.load.versions import weights
from tests.load.wire import request

NUM_SUBSCRIBERS = (1000, 2000)
NUM_COMMITS = 8
MARK = b'"state":"accepted"'
_BOUNDS = {1000: Bound(must=250, at_most=True), 2000: Bound(must=500, at_most=True)}


class Subscriber(asyncio.Protocol):
    """Counts the versions that it is told of, and notes when."""

    def __init__(self, wire: bytes) -> None:
        self._wire = wire
        self._end = b""
        self.told_at: list[float] = []
        self.is_open = asyncio.Event()
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Ask for the stream."""
        self.transport = transport
        transport.write(self._wire)

    def data_received(self, data: bytes) -> None:
        """Look for what tells of a new version."""
        assert self.is_open.is_set() or data.startswith(b"HTTP/1.1 200"), data
        self.is_open.set()
        data = self._end + data
        self.told_at += [time.monotonic()] * data.count(MARK)
        self._end = data[-len(MARK) + 1 :]  # a mark may come in two pieces


async def measure(controller: Controller) -> list[Figure]:
    """Measure how late the last subscribers are told, and what they cost in memory."""
    figures = []
    for num_subscribers in NUM_SUBSCRIBERS:
        run = new_run(controller)
        await asyncio.sleep(1)  # its first version is published
        process = psutil.Process(controller.process_id)
        subscribers = await subscribe(controller, run, num_subscribers)
        delays: list[float] = []
        for number in range(NUM_COMMITS):
            sent = time.monotonic()
            answer = await asyncio.to_thread(controller.post_version, run, 1 + number, weights(number))
            assert answer.status_code == 201, answer.text
            while any(len(subscriber.told_at) <= number for subscriber in subscribers):
                assert time.monotonic() < sent + 30, "a subscriber was not told"
                await asyncio.sleep(0.005)
            delays += [subscriber.told_at[number] - sent for subscriber in subscribers]
            await asyncio.sleep(0.5)
        memory_bytes = process.memory_info().rss
        for subscriber in subscribers:
            subscriber.transport.close()
        await asyncio.sleep(1)
        name = f"{num_subscribers} subscribers told"
        figures += [
            milliseconds(f"{name}, median", delays, 0.5),
            milliseconds(f"{name}, p99", delays, 0.99, _BOUNDS[num_subscribers]),
            Figure(
                name=f"{num_subscribers} subscribers, memory of the controller",
                value=memory_bytes / 1e6,
                unit="MB",
                bound=Bound(must=250, at_most=True),
            ),
        ]
    return figures


async def subscribe(controller: Controller, run: str, num_subscribers: int) -> list[Subscriber]:
    """Open streams and wait until each has begun."""
    place = urlsplit(controller.url)
    loop = asyncio.get_running_loop()
    wire = request("GET", f"/v1/runs/{run}/events", Accept="text/event-stream")
    subscribers = []
    for _ in range(num_subscribers):
        _, subscriber = await loop.create_connection(lambda: Subscriber(wire), place.hostname, place.port)
        subscribers.append(subscriber)
    await asyncio.wait_for(asyncio.gather(*(subscriber.is_open.wait() for subscriber in subscribers)), 60)
    return subscribers
