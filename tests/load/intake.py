"""Points of curves taken in through Redis, from the first entry of a stream to the commit of the last."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import redis
from tests.controller.served import Controller
from tests.load.figures import Bound, Figure
from tests.load.place import SOURCES, new_run

from crossfade_shared.channels import Channels
from crossfade_shared.telemetry import AttemptReport, StepReport, encode_reports

NUM_BATCHES = 60
STEPS_A_BATCH = 200
TOKENS_PER_STEP = 1 << 20
POINTS_A_STEP = 4 + 2 * len(SOURCES)


def step_report(step: int) -> StepReport:
    """Give what a worker says of one step, all sources in it."""
    tokens = (step + 1) * TOKENS_PER_STEP
    return StepReport(
        step=step,
        tokens=tokens,
        version=1,
        phase="stable",
        loss=2.0 + 1 / (1 + step),
        learning_rate=0.001,
        gradient_norm=1.0,
        seconds=0.5,
        source_loss={name: 2.0 + number / (1 + step) for number, name in enumerate(SOURCES)},
        source_tokens=dict.fromkeys(SOURCES, tokens // len(SOURCES)),
    )


def begin(start_step: int = 0) -> AttemptReport:
    """Give what a worker says when it begins."""
    return AttemptReport(start_step=start_step, total_steps=2**40, tokens_per_step=TOKENS_PER_STEP, world_size=8)


async def measure(controller: Controller) -> list[Figure]:
    """Measure how many points are stored a second."""
    run = new_run(controller)
    batches = [
        encode_reports([step_report(number * STEPS_A_BATCH + place) for place in range(STEPS_A_BATCH)])
        for number in range(NUM_BATCHES)
    ]
    last_step = NUM_BATCHES * STEPS_A_BATCH - 1
    with redis.Redis.from_url(controller.redis_url) as client:
        client.xadd(Channels(run).telemetry, entry(1, 0, encode_reports([begin()])))
        await _until_step(controller, run, None)
        sent = time.monotonic()
        for number, reports in enumerate(batches):
            client.xadd(Channels(run).telemetry, entry(1, 1 + number, reports))
    await _until_step(controller, run, last_step)
    spent = time.monotonic() - sent
    num_points = NUM_BATCHES * STEPS_A_BATCH * POINTS_A_STEP
    assert len(controller.get(f"/v1/runs/{run}/metrics", names="loss", points=1)["series"]["loss"]) == 1
    return [Figure(name="points taken in", value=num_points / spent, unit="/s", bound=Bound(must=20_000, aim=100_000))]


def entry(attempt: int, sequence: int, reports: bytes) -> dict[Any, Any]:
    """Give a stream entry as a worker writes it."""
    return {"attempt": attempt, "sequence": sequence, "reports": reports}


async def _until_step(controller: Controller, run: str, step: int | None) -> None:
    deadline = time.monotonic() + 300
    while (shown := controller.get(f"/v1/runs/{run}"))["step"] != step or shown["attempt"] is None:
        assert time.monotonic() < deadline, f"step {step} was not stored in time"
        await asyncio.sleep(0.02)
