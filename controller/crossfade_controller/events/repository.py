"""Queries of events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.events.models import Event
from crossfade_controller.events.schemas import EventKind
from crossfade_controller.runs.models import Run


def record(session: AsyncSession, run: Run, kind: EventKind, **data: Any) -> None:  # noqa: ANN401 - JSON
    """Add an event; the caller holds the run's lock, which keeps ids in the order of the commits."""
    session.add(Event(run_id=run.id, kind=kind, data=data))


async def after(session: AsyncSession, run_id: int, event_id: int, *, limit: int) -> Sequence[Event]:
    """Give the events that follow one, oldest first."""
    found = await session.scalars(
        select(Event).where(Event.run_id == run_id, Event.id > event_id).order_by(Event.id).limit(limit)
    )
    return found.all()


async def last_id(session: AsyncSession, run_id: int) -> int:
    """Give the id of the newest event, or 0."""
    return await session.scalar(select(func.max(Event.id)).where(Event.run_id == run_id)) or 0
