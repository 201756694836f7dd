"""Rollups: curves summed up over buckets of steps, each level eight times as wide as the one below.

They are brought up to date in the transaction that stores the points, from the points themselves, so what they say is
always exact: a bucket has the number, total, least and greatest of its living points. A bucket of one level is made
from the eight below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import BindParameter, Select, delete, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.database import insert_into
from crossfade_controller.metrics.live import only_living
from crossfade_controller.metrics.models import Point, Rollup

WIDTHS = (8, 64, 512, 4096, 32768)
"""Steps of a bucket at each level."""

_KEY = ("run_id", "width", "name", "step")
_VALUES = ("first_step", "last_step", "first_tokens", "last_tokens", "num_values", "total", "least", "greatest")


async def roll_up(session: AsyncSession, run_id: int, names: Sequence[str], *, first_step: int, last_step: int) -> None:
    """Make the buckets anew that hold these steps, at every level."""
    await _replace(session, _from_points(run_id, names, *_whole_buckets(WIDTHS[0], first_step, last_step)))
    for finer, width in pairwise(WIDTHS):
        await _replace(
            session, _from_rollups(run_id, names, finer, width, _whole_buckets(width, first_step, last_step))
        )


async def cut_off(session: AsyncSession, run_id: int, names: Sequence[str], *, from_step: int) -> None:
    """Forget the buckets from a step on, and make the one that it falls into anew from what lives before it."""
    for width in WIDTHS:
        of_level = (Rollup.run_id == run_id, Rollup.width == width, Rollup.name.in_(names))
        await session.execute(delete(Rollup).where(*of_level, Rollup.step > from_step - width))
    if from_step > 0:
        await roll_up(session, run_id, names, first_step=from_step - 1, last_step=from_step - 1)


def _whole_buckets(width: int, first_step: int, last_step: int) -> tuple[int, int]:
    return first_step // width * width, last_step // width * width + width - 1


def _from_points(run_id: int, names: Sequence[str], first_step: int, last_step: int) -> Select[*tuple[Any, ...]]:
    width = _constant(WIDTHS[0])
    bucket = Point.step // width
    query = select(
        Point.run_id,
        width,
        Point.name,
        bucket * width,
        func.min(Point.step),
        func.max(Point.step),
        func.min(Point.tokens),
        func.max(Point.tokens),
        func.count(Point.value),
        func.coalesce(func.sum(Point.value), 0.0),
        func.min(Point.value),
        func.max(Point.value),
    ).where(Point.run_id == run_id, Point.name.in_(names), Point.step.between(first_step, last_step))
    return only_living(query).group_by(Point.run_id, Point.name, bucket)


def _from_rollups(
    run_id: int, names: Sequence[str], finer: int, width: int, steps: tuple[int, int]
) -> Select[*tuple[Any, ...]]:
    of_level = _constant(width)
    bucket = Rollup.step // of_level
    return (
        select(
            Rollup.run_id,
            of_level,
            Rollup.name,
            bucket * of_level,
            func.min(Rollup.first_step),
            func.max(Rollup.last_step),
            func.min(Rollup.first_tokens),
            func.max(Rollup.last_tokens),
            func.sum(Rollup.num_values),
            func.sum(Rollup.total),
            func.min(Rollup.least),
            func.max(Rollup.greatest),
        )
        .where(Rollup.run_id == run_id, Rollup.width == finer, Rollup.name.in_(names))
        .where(Rollup.step.between(*steps))
        .group_by(Rollup.run_id, Rollup.name, bucket)
    )


def _constant(width: int) -> BindParameter[int]:
    return literal(width, literal_execute=True)  # PostgreSQL groups by the text of an expression


async def _replace(session: AsyncSession, buckets: Select[*tuple[Any, ...]]) -> None:
    insert = insert_into(session, Rollup)
    statement = insert.from_select([*_KEY, *_VALUES], buckets)
    values = {column: insert.excluded[column] for column in _VALUES}
    await session.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=values))
