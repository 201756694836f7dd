"""Queries of curves that other rooms ask."""

from __future__ import annotations

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.metrics.live import only_living
from crossfade_controller.metrics.models import Point, Rollup
from crossfade_controller.metrics.names import SOURCE_TOKENS
from crossfade_controller.metrics.rollups import WIDTHS
from crossfade_controller.runs.models import Run
from crossfade_controller.sources.models import Source


async def source_tokens_before(session: AsyncSession, run_id: int, step: int | None) -> dict[str, int]:
    """Give the tokens trained on by source by the last report before a step (None: by the last one of all).

    Where the points are no longer kept it is by the end of the last bucket of eight steps before.
    """
    last_step = select(func.coalesce(Run.step, 0)).where(Run.id == run_id).scalar_subquery()
    before = last_step + 1 if step is None else step  # what lies beyond the run's last step is abandoned
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
    found = await session.execute(
        select(
            Source.name,
            func.coalesce(
                of_points.correlate(Source).scalar_subquery(), of_rollups.correlate(Source).scalar_subquery()
            ),
        ).where(Source.run_id == run_id)
    )
    return {source: int(value) for source, value in found if value is not None}
