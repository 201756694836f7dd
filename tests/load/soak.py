"""Ten minutes of everything at once, and the memory of the controller all the while."""

from __future__ import annotations

import asyncio
import json
import statistics
import time

import psutil
import redis
from tests.controller.served import Controller
from tests.load.figures import Bound, Figure
from tests.load.intake import begin, entry, step_report
from tests.load.place import new_run
from tests.load.streams import subscribe
from tests.load.versions import weights
from tests.load.wire import Connection, request

from crossfade_shared.channels import Channels
from crossfade_shared.telemetry import encode_reports

SAMPLE_SECONDS = 5.0
NUM_SUBSCRIBERS = 50
STEPS_A_BATCH = 50


async def soak(controller: Controller, *, seconds: float) -> list[Figure]:
    """Read, steer, report, look and follow for so long; memory is compared between the second and the last fifth."""
    run, until = new_run(controller), time.monotonic() + seconds
    subscribers = await subscribe(controller, run, NUM_SUBSCRIBERS)
    counts = dict.fromkeys(("reads", "versions", "steps", "curves"), 0)
    samples: list[int] = []
    await asyncio.gather(
        _read(controller, run, until, counts),
        _steer(controller, run, until, counts),
        _report(controller, run, until, counts),
        _look(controller, run, until, counts),
        _sample(controller, until, samples),
    )
    for subscriber in subscribers:
        subscriber.transport.close()
    fifth = max(1, len(samples) // 5)
    early, late = statistics.median(samples[fifth : 2 * fifth]), statistics.median(samples[-fifth:])
    return [
        Figure(name="soak", value=seconds, unit="s"),
        *(Figure(name=f"soak, {name}", value=float(count), unit="") for name, count in counts.items()),
        Figure(name="soak, events told", value=float(sum(len(each.told_at) for each in subscribers)), unit=""),
        Figure(name="soak, memory in the second fifth", value=early / 1e6, unit="MB"),
        Figure(name="soak, memory in the last fifth", value=late / 1e6, unit="MB"),
        Figure(name="soak, growth", value=(late / early - 1) * 100, unit="%", bound=Bound(must=5, at_most=True)),
    ]


async def _read(controller: Controller, run: str, until: float, counts: dict[str, int]) -> None:
    connection = await Connection.open(controller.url)
    while time.monotonic() < until:
        status, _ = await connection.ask(request("GET", f"/v1/runs/{run}/mixture", If_None_Match='"1"'))
        assert status in {200, 304}
        counts["reads"] += 1
        await asyncio.sleep(0.002)


async def _steer(controller: Controller, run: str, until: float, counts: dict[str, int]) -> None:
    connection = await Connection.open(controller.url)
    while time.monotonic() < until:
        base = 1 + counts["versions"]
        body = json.dumps({"weights": weights(base), "reason": "soak"}).encode()
        status, answer = await connection.ask(
            request("POST", f"/v1/runs/{run}/mixtures", body, If_Match=f'"{base}"', Idempotency_Key=f"soak-{base}")
        )
        assert status == 201, answer
        counts["versions"] += 1
        await asyncio.sleep(0.1)


async def _report(controller: Controller, run: str, until: float, counts: dict[str, int]) -> None:
    with redis.Redis.from_url(controller.redis_url) as client:
        sequence = 0
        while time.monotonic() < until:
            first = counts["steps"]
            reports = [step_report(step) for step in range(first, first + STEPS_A_BATCH)]
            wire = encode_reports([begin(), *reports] if sequence == 0 else [*reports])
            client.xadd(Channels(run).telemetry, entry(1, sequence, wire))
            counts["steps"] += STEPS_A_BATCH
            sequence += 1
            await asyncio.sleep(0.25)


async def _look(controller: Controller, run: str, until: float, counts: dict[str, int]) -> None:
    connection = await Connection.open(controller.url)
    while time.monotonic() < until:
        points = 100 + counts["curves"] % 400  # so that memory keeps many different answers
        status, _ = await connection.ask(
            request("GET", f"/v1/runs/{run}/metrics?names=loss,gradient_norm&points={points}")
        )
        assert status == 200
        counts["curves"] += 1
        await asyncio.sleep(0.1)


async def _sample(controller: Controller, until: float, samples: list[int]) -> None:
    process = psutil.Process(controller.process_id)
    while time.monotonic() < until:
        samples.append(process.memory_info().rss)
        await asyncio.sleep(SAMPLE_SECONDS)
