"""Queries of curves that other rooms ask."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, Integer, Select, bindparam, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.metrics.live import only_living
from crossfade_controller.metrics.models import Point, Rollup
from crossfade_controller.metrics.names import SOURCE_TOKENS
from crossfade_controller.metrics.rollups import WIDTHS
from crossfade_controller.runs.models import Run
from crossfade_controller.sources.models import Source


async def source_tokens_before(session: AsyncSession, run_id: int, step: int | None) -> dict[str, int]:
    """Give the tokens trained on by source by the last report before a step (None: by the last one of all)."""
    return {source.name: tokens for source, tokens in await sources_before(session, run_id, step) if tokens is not None}


async def sources_before(session: AsyncSession, run_id: int, step: int | None) -> Sequence[tuple[Source, int | None]]:
    """Give the sources of a run as they were registered, with the tokens trained on by the last report before a step.

    With None it is by the last report of all; a source that no report told of has no tokens. Where the points are no
    longer kept it is by the end of the last bucket of eight steps before.
    """
    found = await session.execute(_SOURCES_BEFORE, {"run": run_id, "step": step})
    return [(source, None if value is None else int(value)) for source, value in found]


def _sources_before() -> Select[Source, float | None]:
    """Build the query once: it is asked at every change, and costs as much to build as to ask."""
    run_id = bindparam("run", type_=Integer)
    last_step = select(func.coalesce(Run.step, 0)).where(Run.id == run_id).scalar_subquery()
    # What lies beyond the run's last step is abandoned.
    before = func.coalesce(bindparam("step", type_=BigInteger), last_step + 1)
    name = literal(SOURCE_TOKENS) + Source.name
    of_points = (
        only_living(select(Point.value).where(Point.run_id == run_id, Point.name == name, Point.step < before))
        .order_by(Point.step.desc())
        .limit(1)
    )
    of_rollups = (
        select(Rollup.greatest)
        .where(Rollup.run_id == run_id, Rollup.width == WIDTHS[0], Rollup.name == name, Rollup.last_step < before)
        .order_by(Rollup.step.desc())
        .limit(1)
    )
    tokens = func.coalesce(
        of_points.correlate(Source).scalar_subquery(), of_rollups.correlate(Source).scalar_subquery()
    )
    return select(Source, tokens).where(Source.run_id == run_id).order_by(Source.position)


_SOURCES_BEFORE = _sources_before()
