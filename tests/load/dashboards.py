"""Dashboards open on a run of a million steps that goes on: each asks for its curves every two seconds."""

from __future__ import annotations

import asyncio
import random
import time

import redis
from tests.controller.served import Controller
from tests.load.figures import Bound, Figure, milliseconds
from tests.load.intake import TOKENS_PER_STEP, entry, step_report
from tests.load.million import NUM_STEPS, fill
from tests.load.place import SOURCES
from tests.load.wire import Connection, request

from crossfade_controller.metrics.names import curves_of
from crossfade_shared.channels import Channels
from crossfade_shared.telemetry import encode_reports

NUM_DASHBOARDS = (25, 100)
REFRESH_SECONDS = 2.0
SECONDS = 20.0
POINTS = 500
ALL = curves_of(SOURCES)
LOSSES = [name for name in ALL if not name.startswith("source_tokens/")]
TOKENS = [name for name in ALL if name.startswith("source_tokens/")]
ZOOMS = [None, None, None, (0.9, 1.0), (0.99, 1.0), (0.4, 0.6), (0.25, 0.26), (0.5, 0.5005)]
"""Parts of the run; most people look at all of it."""


async def measure(controller: Controller) -> list[Figure]:
    """Measure how long a dashboard waits for its curves, alone and beside others."""
    run = await asyncio.to_thread(fill, controller)
    first_paint = [await _alone(controller, run, _question(run, LOSSES, zoom)) for zoom in ZOOMS[2:]]
    figures = [milliseconds("14 curves of a million steps, worst zoom, alone", first_paint, 1.0)]
    for num_dashboards in NUM_DASHBOARDS:
        bound = (
            Bound(must=300, at_most=True)
            if num_dashboards == NUM_DASHBOARDS[0]
            else Bound(must=float("inf"), aim=300, at_most=True)
        )
        training = asyncio.create_task(_train(controller, run))
        start = time.monotonic()
        durations = [
            duration
            for each in await asyncio.gather(
                *(_watch(controller, run, number, start) for number in range(num_dashboards))
            )
            for duration in each
        ]
        training.cancel()
        name = f"{num_dashboards} dashboards, curves"
        figures += [
            milliseconds(f"{name}, median", durations, 0.5),
            milliseconds(f"{name}, p95", durations, 0.95, bound),
        ]
    return figures


def _question(run: str, names: list[str], zoom: tuple[float, float] | None, points: int = POINTS) -> bytes:
    path = f"/v1/runs/{run}/metrics?x=tokens&points={points}&names={','.join(names)}"
    if zoom:
        begin, end = (int(share * NUM_STEPS) * TOKENS_PER_STEP for share in zoom)
        path += f"&from={begin}&to={end}"
    return request("GET", path)


async def _alone(controller: Controller, run: str, wire: bytes) -> float:
    connection = await Connection.open(controller.url)
    asked = time.monotonic()
    status, _ = await connection.ask(wire)
    assert status == 200
    connection.close()
    return time.monotonic() - asked


async def _watch(controller: Controller, run: str, number: int, start: float) -> list[float]:
    connection, durations = await Connection.open(controller.url), []
    zoom = ZOOMS[number % len(ZOOMS)]
    questions = [_question(run, LOSSES, zoom), _question(run, TOKENS, zoom, points=100)]
    due = start + random.uniform(0, REFRESH_SECONDS)
    while due < start + SECONDS:
        await asyncio.sleep(due - time.monotonic())
        for wire in questions:
            asked = time.monotonic()
            status, _ = await connection.ask(wire)
            assert status == 200, status
            durations.append(time.monotonic() - asked)
        due += REFRESH_SECONDS
    connection.close()
    return durations


async def _train(controller: Controller, run: str) -> None:
    """Report two steps a second, so that no answer stays right for long."""
    with redis.Redis.from_url(controller.redis_url) as client:
        step = controller.get(f"/v1/runs/{run}")["step"] + 1
        while True:
            client.xadd(Channels(run).telemetry, entry(1, step, encode_reports([step_report(step)])))
            step += 1
            await asyncio.sleep(0.5)
