"""Long curves: every zoom is exact for the steps it shows, across attempts and after what is old was deleted."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.controller.test_database import new_run, on

from crossfade_controller.database import Database
from crossfade_controller.metrics import retention
from crossfade_controller.metrics.live import abandon
from crossfade_controller.metrics.models import Point, Rollup
from crossfade_controller.metrics.reading import MIN_ROWS, Question, reduced
from crossfade_controller.metrics.retention import Retention
from crossfade_controller.metrics.rollups import WIDTHS, cut_off
from crossfade_controller.metrics.storing import NewPoint, store
from crossfade_controller.runs.models import Attempt, Run
from crossfade_controller.sources.models import Source

NUM_STEPS = 40_000
TOKENS_PER_STEP = 1000


def value(name: str, step: int) -> float | None:
    """Give a curve that is different at every step, with holes."""
    if step % 1000 == 7:
        return None
    return math.sin(step) * 10 + (step if name == "loss" else -step)


class Book:
    """Keeps in plain lists what the tables should say."""

    def __init__(self, database: Database, run_id: int) -> None:
        self.database = database
        self.run_id = run_id
        self.values: dict[str, dict[int, float | None]] = {"loss": {}, "gradient_norm": {}}

    async def train(self, attempt: int, start: int, end: int, *, shift: float = 0.0) -> None:
        """Store what an attempt reports that begins at a step and comes to another."""
        async with self.database.write() as session:
            run = await session.get_one(Run, self.run_id)
            made = Attempt(run_id=self.run_id, attempt=attempt, start_step=start)
            session.add(made)
            await session.flush()
            await abandon(session, made, start)
            await cut_off(session, self.run_id, list(self.values), from_step=start)
            run.attempt, run.step = attempt, end - 1
        for name, values in self.values.items():
            for step in [step for step in values if step >= start]:
                del values[step]
            for step in range(start, end):
                known = value(name, step)
                values[step] = None if known is None else known + shift
        for begin in range(start, end, 5000):
            steps = range(begin, min(begin + 5000, end))
            points = [
                NewPoint(self.run_id, name, step, attempt, (step + 1) * TOKENS_PER_STEP, values[step])
                for step in steps
                for name, values in self.values.items()
            ]
            async with self.database.write() as session:
                await store(session, points)

    async def check(self, question: Question, num_buckets: int) -> int:
        """Compare an answer with the lists, and give the width of the buckets that it is made of."""
        async with self.database.read() as session:
            rows = (await reduced(session, question, num_buckets=num_buckets))
        unit = TOKENS_PER_STEP if question.axis == "tokens" else 1
        for name in question.names:
            buckets = [row for row in rows if row.name == name]
            self._check_curve(name, buckets, question, unit, num_buckets)
        return 0

    def _check_curve(self, name: str, buckets: list[Any], question: Question, unit: int, num_buckets: int) -> None:
        offset = 1 if unit > 1 else 0  # a step's tokens are counted at its end
        first = 0 if question.start is None else max(0, -(-question.start // unit) - offset)
        last = max(self.values[name]) if question.end is None else min(max(self.values[name]), question.end // unit - offset)
        assert 0 < len(buckets) <= num_buckets
        slack = (last - first + 1) / min(MIN_ROWS, num_buckets) + 1
        assert last - slack <= buckets[-1].step <= last
        begin = None
        for bucket in buckets:
            if begin is None:  # the first bucket may begin a little before the range, at the edge of a rollup
                begin = next(
                    place for place in range(max(0, int(first - slack)), first + 1) if self._fits(name, place, bucket)
                )
            assert self._fits(name, begin, bucket), (question, bucket)
            assert bucket.x == (bucket.step + offset) * unit
            begin = bucket.step + 1

    def _fits(self, name: str, begin: int, bucket: Any) -> bool:
        held = [self.values[name][step] for step in range(begin, bucket.step + 1)]
        finite = [each for each in held if each is not None]
        if not finite:
            return (bucket.mean, bucket.min, bucket.max) == (None, None, None)
        return (
            (bucket.min, bucket.max) == (min(finite), max(finite))
            and bucket.mean == pytest.approx(sum(finite) / len(finite), rel=1e-9, abs=1e-9)
        )
