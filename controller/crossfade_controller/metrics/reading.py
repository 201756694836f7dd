"""Reading curves: as few rows as the picture needs, from the level whose buckets just fit it.

Every bucket of the answer is made of whole buckets of one level, so its mean, least and greatest value are exact for
the steps it holds, and every step is held once. Only where one bucket ends and the next begins may move, by less than
one bucket of the answer; at the two ends of the range by less than 1/256 of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.metrics.live import only_living
from crossfade_controller.metrics.models import Point, Rollup
from crossfade_controller.metrics.rollups import WIDTHS

Axis = Literal["step", "tokens"]
MIN_ROWS = 256
"""A range is never made of fewer rows of a level, unless these are points."""
WELL_KNOWN_WIDTHS = 16
"""Rows of one level that are enough to know how many steps there are, and so to choose a finer one."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which curves over which part of the axis (both ends included; None for an end: as far as it goes)."""

    run_id: int
    names: Sequence[str]
    axis: Axis
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The steps that the rows of one level span, and the least and greatest place of a row on the axis."""

    first_step: int
    last_step: int
    least: int
    greatest: int

    @property
    def num_steps(self) -> int:
        """Steps from the first to the last, both included."""
        return self.last_step - self.first_step + 1

    def head(self, num_steps: int) -> Extent:
        """Give the first steps of these."""
        return replace(self, last_step=self.first_step + num_steps - 1)


class Level:
    """The columns of one level of detail by what they mean, be it a rollup's or the points' own (width 1)."""

    def __init__(self, width: int) -> None:
        self.width = width
        of_points = width == 1
        self._is_of_points = of_points
        self._table = Point if of_points else Rollup
        self.first_step = Point.step if of_points else Rollup.first_step
        self.last_step = Point.step if of_points else Rollup.last_step
        self._first_tokens = Point.tokens if of_points else Rollup.first_tokens
        self._last_tokens = Point.tokens if of_points else Rollup.last_tokens
        self.num_values = func.count(Point.value) if of_points else func.sum(Rollup.num_values)
        self.total = func.sum(Point.value if of_points else Rollup.total)
        self.least = func.min(Point.value if of_points else Rollup.least)
        self.greatest = func.max(Point.value if of_points else Rollup.greatest)

    @property
    def name(self) -> Any:  # noqa: ANN401 - a column
        """Name of the curve."""
        return self._table.name

    def begin(self, axis: Axis) -> Any:  # noqa: ANN401 - a column
        """Give where a row begins on the axis."""
        return self._first_tokens if axis == "tokens" else self.first_step

    def place(self, axis: Axis) -> Any:  # noqa: ANN401 - a column
        """Give where a row ends on the axis: the place it is shown at."""
        return self._last_tokens if axis == "tokens" else self.last_step

    def rows(
        self, query: Select[*tuple[Any, ...]], question: Question, within: Extent | None
    ) -> Select[*tuple[Any, ...]]:
        """Narrow a query to the living rows of the curves, among some steps."""
        table = self._table
        query = query.where(table.run_id == question.run_id, table.name.in_(question.names))
        if within:
            query = query.where(table.step.between(within.first_step // self.width * self.width, within.last_step))
        return only_living(query) if self._is_of_points else query.where(Rollup.width == self.width)


_LEVELS = [Level(width) for width in (*reversed(WIDTHS), 1)]


async def reduced(session: AsyncSession, question: Question, *, num_buckets: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Give a row (name, x, step, mean, min, max) for each bucket that holds anything, in order.

    There are at most `num_buckets` a curve, of equal width on the axis. `x` and `step` are those of the bucket's last
    step; the three values are None where none of its values was finite.
    """
    level, extent = await _best_level(session, question, num_buckets)
    if extent is None:
        return []
    x = level.place(question.axis)
    least = extent.least if question.start is None else max(extent.least, question.start)
    greatest = extent.greatest if question.end is None else min(extent.greatest, question.end)
    bucket: ColumnElement[int] = ((x - least) * num_buckets // (greatest - least + 1)).label("bucket")
    query = select(
        level.name.label("name"),
        func.max(x).label("x"),
        func.max(level.last_step).label("step"),
        (level.total / func.nullif(level.num_values, 0)).label("mean"),
        level.least.label("min"),
        level.greatest.label("max"),
    ).where(x.between(least, greatest))
    query = level.rows(query, question, extent).group_by(level.name, bucket).order_by(level.name, bucket)
    return (await session.execute(query)).all()


async def _best_level(session: AsyncSession, question: Question, num_buckets: int) -> tuple[Level, Extent | None]:
    """Go down from the widest buckets to those that fit the picture, or as far as they are kept."""
    level = _LEVELS[0]
    extent = await _extent(session, question, level)
    for finer in _LEVELS[1:]:
        if extent is None or level.width * max(num_buckets, MIN_ROWS) <= extent.num_steps:
            break
        is_well_known = extent.num_steps >= WELL_KNOWN_WIDTHS * level.width
        within = extent.head(level.width) if is_well_known else extent
        found = await _extent(session, question, finer, within)
        if found is None or found.first_step >= extent.first_step + level.width:
            break  # nothing, or not everything, is kept at this level
        level, extent = finer, extent if is_well_known else found
    return level, extent


async def _extent(
    session: AsyncSession, question: Question, level: Level, within: Extent | None = None
) -> Extent | None:
    """Measure the rows of a level that touch the range."""
    begin, place = level.begin(question.axis), level.place(question.axis)
    query = select(func.min(level.first_step), func.max(level.last_step), func.min(begin), func.max(place))
    query = query if question.start is None else query.where(place >= question.start)
    query = query if question.end is None else query.where(begin <= question.end)
    first_step, last_step, least, greatest = (await session.execute(level.rows(query, question, within))).one()
    if first_step is None:
        return None
    return Extent(first_step=first_step, last_step=last_step, least=least, greatest=greatest)
