"""Queries of curve points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Row, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.database import insert_into
from crossfade_controller.metrics.models import Point

Axis = Literal["step", "tokens"]
SOURCE_TOKENS = "source_tokens/"


async def store(session: AsyncSession, points: list[dict[str, Any]]) -> None:
    """Write points (columns of `Point`); a later report of the same step writes over the earlier one."""
    if not points:
        return
    insert = insert_into(session, Point)
    statement = insert.on_conflict_do_update(
        index_elements=["run_id", "name", "step"],
        set_={"tokens": insert.excluded.tokens, "value": insert.excluded.value},
    )
    await session.execute(statement, points)


async def remove_from(session: AsyncSession, run_id: int, step: int) -> None:
    """Remove the points of a step and all later ones."""
    await session.execute(delete(Point).where(Point.run_id == run_id, Point.step >= step))


async def source_tokens_before(session: AsyncSession, run_id: int, step: int | None) -> dict[str, int]:
    """Give the tokens trained on by source by the last report before a step (None: by the last one of all)."""
    of_sources = (Point.run_id == run_id, Point.name.startswith(SOURCE_TOKENS, autoescape=True))
    last = select(func.max(Point.step)).where(*of_sources)
    last = last if step is None else last.where(Point.step < step)
    found = await session.execute(
        select(Point.name, Point.value).where(*of_sources, Point.step == last.scalar_subquery())
    )
    return {name.removeprefix(SOURCE_TOKENS): int(value) for name, value in found if value is not None}


async def bounds(
    session: AsyncSession, run_id: int, names: Sequence[str], axis: Axis, *, start: int | None, end: int | None
) -> tuple[int, int] | None:
    """Give the least and the greatest position on the axis among some curves, or None where there is no point."""
    x = Point.tokens if axis == "tokens" else Point.step
    query = select(func.min(x), func.max(x), func.count()).where(Point.run_id == run_id, Point.name.in_(names))
    query = query if start is None else query.where(x >= start)
    query = query if end is None else query.where(x <= end)
    least, greatest, num_points = (await session.execute(query)).tuples().one()
    return (least, greatest) if num_points else None


async def reduced(
    session: AsyncSession, run_id: int, names: Sequence[str], axis: Axis, *, span: tuple[int, int], num_buckets: int
) -> Sequence[Row[Any]]:
    """Give one row (name, x, step, mean, min, max) for each non-empty bucket of equal width, in order.

    `x` and `step` are those of the bucket's last point.
    """
    x = Point.tokens if axis == "tokens" else Point.step
    least, greatest = span
    bucket = ((x - least) * num_buckets // (greatest - least + 1)).label("bucket")
    query = (
        select(
            Point.name,
            func.max(x).label("x"),
            func.max(Point.step).label("step"),
            func.avg(Point.value).label("mean"),
            func.min(Point.value).label("min"),
            func.max(Point.value).label("max"),
        )
        .where(Point.run_id == run_id, Point.name.in_(names), x.between(least, greatest))
        .group_by(Point.name, bucket)
        .order_by(Point.name, bucket)
    )
    return (await session.execute(query)).all()
