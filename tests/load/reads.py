"""Conditional reads of the mixture, with a token, over connections that ask as fast as they are answered."""

from __future__ import annotations

import asyncio
import time
from itertools import chain

from tests.controller.served import Controller
from tests.load.figures import Bound, Figure, milliseconds
from tests.load.place import new_run
from tests.load.wire import Connection, request

NUM_CONNECTIONS = 64
SECONDS = 10.0


async def measure(controller: Controller) -> list[Figure]:
    """Measure reads a second and how long they take."""
    run = new_run(controller)
    wire = request("GET", f"/v1/runs/{run}/mixture", If_None_Match='"1"')
    connections = [await Connection.open(controller.url) for _ in range(NUM_CONNECTIONS)]
    await asyncio.gather(*(_ask(connection, wire, time.monotonic() + 1) for connection in connections))
    start = time.monotonic()
    seconds = await asyncio.gather(*(_ask(connection, wire, start + SECONDS) for connection in connections))
    spent, durations = time.monotonic() - start, list(chain.from_iterable(seconds))
    for connection in connections:
        connection.close()
    return [
        Figure(name="reads", value=len(durations) / spent, unit="/s", bound=Bound(must=2500, aim=5000)),
        milliseconds("reads, median", durations, 0.5),
        milliseconds("reads, p99", durations, 0.99, Bound(must=25, at_most=True)),
    ]


async def _ask(connection: Connection, wire: bytes, until: float) -> list[float]:
    durations = []
    while (asked := time.monotonic()) < until:
        status, _ = await connection.ask(wire)
        durations.append(time.monotonic() - asked)
        assert status == 304, status
    return durations
