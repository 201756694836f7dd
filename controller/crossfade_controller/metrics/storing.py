"""Storing points: many rows in one statement, in the way that each database takes them fastest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.metrics.rollups import roll_up


class NewPoint(NamedTuple):
    """One value of a curve, in the order of the columns below; None stands for one that was not finite."""

    run_id: int
    name: str
    step: int
    attempt: int
    tokens: int
    value: float | None


_COLUMNS = ", ".join(NewPoint._fields)
_REPLACE = "ON CONFLICT (run_id, name, step, attempt) DO UPDATE SET tokens = excluded.tokens, value = excluded.value"
_INTO_SQLITE = f"INSERT INTO points ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) {_REPLACE}"  # noqa: S608 - names of our own
_INTO_POSTGRESQL = text(
    f"INSERT INTO points ({_COLUMNS}) SELECT * FROM unnest(CAST(:run_id AS integer[]), CAST(:name AS text[]),"  # noqa: S608
    " CAST(:step AS bigint[]), CAST(:attempt AS bigint[]), CAST(:tokens AS bigint[]),"
    f" CAST(:value AS double precision[])) {_REPLACE}"
)


async def store(session: AsyncSession, points: Sequence[NewPoint]) -> None:
    """Write points of one run and bring its rollups up to date; what an attempt reports again replaces what it did."""
    if not points:
        return
    by_key = {point[:4]: point for point in points}  # PostgreSQL writes no row twice in one statement
    connection = await session.connection()
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql(_INTO_SQLITE, list(by_key.values()))
    else:
        columns = zip(*by_key.values(), strict=True)
        await connection.execute(_INTO_POSTGRESQL, dict(zip(NewPoint._fields, map(list, columns), strict=True)))
    names = sorted({point.name for point in points})
    steps = [point.step for point in points]
    await roll_up(session, points[0].run_id, names, first_step=min(steps), last_step=max(steps))
