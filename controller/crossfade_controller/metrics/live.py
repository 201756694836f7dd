"""The living line of a run: where an attempt begins at a step, what earlier attempts did from there on is abandoned.

Abandoned points stay in the table under their attempt; curves and rollups leave them out.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.metrics.models import Point
from crossfade_controller.runs.models import Attempt


def only_living(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Narrow a query of points to those that were not abandoned."""
    is_of_attempt = and_(Attempt.run_id == Point.run_id, Attempt.attempt == Point.attempt)
    is_living = or_(Attempt.abandoned_from.is_(None), Point.step < Attempt.abandoned_from)
    return query.join(Attempt, is_of_attempt).where(is_living)


async def abandon(session: AsyncSession, attempt: Attempt, from_step: int) -> None:
    """Abandon what earlier attempts did from a step on, because this attempt begins there."""
    await session.execute(
        update(Attempt)
        .where(
            Attempt.run_id == attempt.run_id,
            Attempt.attempt < attempt.attempt,
            or_(Attempt.abandoned_from.is_(None), Attempt.abandoned_from > from_step),
        )
        .values(abandoned_from=from_step)
    )
