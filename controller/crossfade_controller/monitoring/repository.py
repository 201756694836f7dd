"""What is read of the runs at each scrape: those that go on, the newest of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.runs.models import Run

MAX_RUNS = 50


class RunState(NamedTuple):
    """A run and its current mixture, its newest version that was published and that was applied, and what waits."""

    run: Run
    mixture: MixtureVersion
    published: int | None
    applied: int | None
    waits_since: datetime | None
    """When the oldest version was made that Redis has not been given yet."""


async def run_states(session: AsyncSession) -> Sequence[RunState]:
    """Give the state of the newest runs that go on."""
    is_current = (MixtureVersion.run_id == Run.id) & (MixtureVersion.version == Run.version)
    waiting = aliased(MixtureVersion)
    is_unpublished = (waiting.run_id == Run.id) & waiting.published_at.is_(None)
    oldest = select(func.min(waiting.created_at)).where(is_unpublished).scalar_subquery()
    query = (
        select(
            Run,
            MixtureVersion,
            _newest(MixtureVersion.published_at),
            _newest(MixtureVersion.applied_at),
            oldest,
        )
        .join(MixtureVersion, is_current)
        .where(Run.finished_at.is_(None))
        .order_by(Run.id.desc())
        .limit(MAX_RUNS)
    )
    return [RunState(*row) for row in await session.execute(query)]


def _newest(moment: InstrumentedAttribute[datetime | None]) -> ScalarSelect[int]:
    """Ask for the newest version of a run that has a moment written down."""
    other = aliased(MixtureVersion)
    has_it = getattr(other, moment.key).is_not(None)
    return select(func.max(other.version)).where(other.run_id == Run.id, has_it).scalar_subquery()
