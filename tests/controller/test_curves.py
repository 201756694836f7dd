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
from crossfade_controller.metrics.rollups import cut_off
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

    async def check(self, question: Question, num_buckets: int) -> None:
        """Compare an answer with the lists: every bucket exact, every step in one bucket, the ends nearly met."""
        async with self.database.read() as session:
            rows = await reduced(session, question, num_buckets=num_buckets)
        for name in question.names:
            self._check_curve(name, [row for row in rows if row.name == name], question, num_buckets)

    def _check_curve(self, name: str, buckets: list[Any], question: Question, num_buckets: int) -> None:
        unit, offset = (TOKENS_PER_STEP, 1) if question.axis == "tokens" else (1, 0)  # tokens count at a step's end
        first = max(0, -(-(question.start or 0) // unit) - offset)
        last = max(self.values[name])
        last = last if question.end is None else min(last, question.end // unit - offset)
        slack = (last - first + 1) // MIN_ROWS + 1
        assert 0 < len(buckets) <= num_buckets
        assert last - slack <= buckets[-1].step <= last
        # The first bucket may begin a little before the range, at the edge of a rollup.
        places = range(max(0, first - slack), first + 1)
        begin = next(place for place in places if self._fits(name, place, buckets[0]))
        for bucket in buckets:
            assert self._fits(name, begin, bucket), (question, bucket)
            assert bucket.x == (bucket.step + offset) * unit
            begin = bucket.step + 1

    def _fits(self, name: str, begin: int, bucket: Any) -> bool:
        held = [self.values[name][step] for step in range(begin, bucket.step + 1)]
        finite = [each for each in held if each is not None]
        if not finite:
            return (bucket.mean, bucket.min, bucket.max) == (None, None, None)
        is_mean = bucket.mean == pytest.approx(sum(finite) / len(finite), rel=1e-9, abs=1e-9)
        return (bucket.min, bucket.max) == (min(finite), max(finite)) and is_mean


def with_book(url: str, work: Callable[[Book], Awaitable[None]]) -> None:
    """Work on the curves of a fresh run with two curves."""

    async def begin(database: Database) -> None:
        async with database.write() as session:
            run = new_run("curves")
            session.add(run)
            await session.flush()
            session.add(Source(run_id=run.id, name="web", position=0, unique_tokens=1, capabilities=[], max_epochs=1))
        await work(Book(database, run.id))

    on(url, begin)


def ask(book: Book, axis: Any = "step", start: int | None = None, end: int | None = None) -> Question:
    return Question(run_id=book.run_id, names=["gradient_norm", "loss"], axis=axis, start=start, end=end)


def test_every_zoom_is_exact_for_the_steps_it_shows(new_database: Any) -> None:
    async def work(book: Book) -> None:
        await book.train(1, 0, NUM_STEPS)
        for num_buckets in (1, 37, 2000):
            await book.check(ask(book), num_buckets)
            await book.check(ask(book, "tokens"), num_buckets)
            await book.check(ask(book, start=100, end=130), num_buckets)
            await book.check(ask(book, start=5_001, end=31_234), num_buckets)
            await book.check(ask(book, "tokens", start=12_345_678, end=33_333_333), num_buckets)
            await book.check(ask(book, start=39_990), num_buckets)

    with_book(new_database(), work)


def test_a_rewind_replaces_what_was_abandoned_and_keeps_it_under_its_attempt(new_database: Any) -> None:
    async def work(book: Book) -> None:
        await book.train(1, 0, 20_000)
        await book.train(2, 11_111, 12_000, shift=1e6)  # far behind where the first attempt came to
        for question in (ask(book), ask(book, "tokens"), ask(book, start=11_000, end=11_500)):
            await book.check(question, 50)
        await book.train(3, 11_900, 19_000, shift=2e6)
        for question in (ask(book), ask(book, start=11_880, end=11_990)):
            await book.check(question, 50)
        async with book.database.read() as session:
            kept = await session.execute(
                select(Point.attempt, func.count()).where(Point.name == "loss").group_by(Point.attempt)
            )
            assert dict(kept.all()) == {1: 20_000, 2: 889, 3: 7_100}

    with_book(new_database(), work)


def test_what_is_old_goes_a_little_at_a_time_and_the_curve_stays(
    new_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "REST_SECONDS", 0.0)
    monkeypatch.setattr(retention, "PAUSE_SECONDS", 0.0)

    async def work(book: Book) -> None:
        await book.train(1, 0, NUM_STEPS)
        await Retention(book.database, full_resolution_steps=1000).prune()
        async with book.database.read() as session:
            oldest = await session.scalar(select(func.min(Point.step)))
            num_buckets = await session.scalar(select(func.count()).where(Rollup.width == 8, Rollup.name == "loss"))
        assert (oldest, num_buckets) == (32_768, NUM_STEPS // 8)
        for num_buckets in (10, 2000):
            await book.check(ask(book), num_buckets)
            await book.check(ask(book, start=35_000, end=35_100), num_buckets)
        async with book.database.read() as session:  # what is only kept in buckets of eight is shown in these
            rows = await reduced(session, ask(book, start=1000, end=1031), num_buckets=100)
        assert [row.step for row in rows if row.name == "loss"] == [1007, 1015, 1023, 1031]

    with_book(new_database(), work)


def test_others_write_while_what_is_old_is_deleted(new_database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 100)

    async def work(book: Book) -> None:
        await book.train(1, 0, NUM_STEPS)
        pruning = asyncio.create_task(Retention(book.database, full_resolution_steps=1000).prune())
        num_left = []
        for number in range(20):
            async with book.database.write() as session:
                session.add(new_run(f"other-{number}"))
                await session.flush()
                num_left.append(await session.scalar(select(func.count()).select_from(Point)))
        pruning.cancel()
        assert len(set(num_left)) > 3, "nothing was written between two deletions"

    with_book(new_database(), work)
