"""Retention, a little at a time: old points go, rollups eight times later at each level, and old idempotency keys."""

from __future__ import annotations

import asyncio

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import InstrumentedAttribute

from crossfade_controller.database import Database
from crossfade_controller.delivery.models import TelemetryBatch
from crossfade_controller.idempotency.pruning import forget_old_keys
from crossfade_controller.metrics.models import Point, Rollup
from crossfade_controller.metrics.names import curves_of
from crossfade_controller.metrics.rollups import WIDTHS
from crossfade_controller.runs.models import Run
from crossfade_controller.sources.models import Source
from crossfade_shared.channels import TELEMETRY_MAX_ENTRIES

REST_SECONDS = 60.0
ROWS_AT_ONCE = 2000
PAUSE_SECONDS = 0.02
"""Between two transactions, so that others who write come first."""


class Retention:
    """Keeps each run's newest `full_resolution_steps` as points, and buckets of w steps for w times as many."""

    def __init__(self, database: Database, *, full_resolution_steps: int) -> None:
        self._database = database
        self._full_resolution_steps = full_resolution_steps

    async def prune(self) -> None:
        """Delete everything that is too old, in many small transactions, then wait."""
        async with self._database.read() as session:
            runs = (await session.scalars(select(Run).where(Run.step.is_not(None)))).all()
            sources = (await session.scalars(select(Source))).all()
        for run in runs:
            names = curves_of(source.name for source in sources if source.run_id == run.id)
            await self._prune_run(run, names)
        await forget_old_keys(self._database)
        await asyncio.sleep(REST_SECONDS)

    async def _prune_run(self, run: Run, names: list[str]) -> None:
        for name in names:
            points = (Point.run_id == run.id, Point.name == name)
            await self._delete_below(Point.step, points, self._floor(run, 1), at_once=ROWS_AT_ONCE)
            for width in WIDTHS:
                buckets = (Rollup.run_id == run.id, Rollup.width == width, Rollup.name == name)
                await self._delete_below(Rollup.step, buckets, self._floor(run, width), at_once=ROWS_AT_ONCE * width)
        batches = (TelemetryBatch.run_id == run.id, TelemetryBatch.attempt == run.attempt)
        async with self._database.read() as session:
            newest = await session.scalar(select(func.max(TelemetryBatch.sequence)).where(*batches)) or 0
        oldest_possible = newest - 2 * TELEMETRY_MAX_ENTRIES  # older ones have left their stream, which holds so many
        await self._delete_below(TelemetryBatch.sequence, batches, oldest_possible, at_once=ROWS_AT_ONCE)

    def _floor(self, run: Run, width: int) -> int:
        """Give the first step to keep; whole buckets of every level stay or go together, so that readers can tell."""
        return ((run.step or 0) + 1 - self._full_resolution_steps * width) // WIDTHS[-1] * WIDTHS[-1]

    async def _delete_below(
        self, column: InstrumentedAttribute[int], rows: tuple[ColumnElement[bool], ...], floor: int, *, at_once: int
    ) -> None:
        """Delete rows whose column is below the floor, lowest first."""
        if floor <= 0:
            return  # a run that is not long enough yet, as most are: hundreds of curves need not be asked
        async with self._database.read() as session:
            place = await session.scalar(select(func.min(column)).where(*rows))
        while place is not None and place < floor:
            place = min(place + at_once, floor)
            statement = delete(column.class_).where(*rows, column < place)
            async with self._database.write() as session:
                await session.execute(statement.execution_options(synchronize_session=False))
            await asyncio.sleep(PAUSE_SECONDS)
