"""Queries of delivery: what Redis should hold, and what was taken in."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.database import insert_into, now
from crossfade_controller.delivery.models import TelemetryBatch
from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.runs.models import Run


async def newest_unpublished(session: AsyncSession) -> list[tuple[Run, MixtureVersion]]:
    """Give the newest version of each run that has any to publish."""
    waiting = (
        select(MixtureVersion.run_id, func.max(MixtureVersion.version).label("version"))
        .where(MixtureVersion.published_at.is_(None))
        .group_by(MixtureVersion.run_id)
        .subquery()
    )
    query = (
        select(Run, MixtureVersion)
        .join(MixtureVersion, MixtureVersion.run_id == Run.id)
        .join(waiting, (waiting.c.run_id == Run.id) & (waiting.c.version == MixtureVersion.version))
        .order_by(Run.id)
    )
    return [(run, version) for run, version in await session.execute(query)]


async def newest_of_unfinished(session: AsyncSession) -> list[tuple[Run, MixtureVersion]]:
    """Give the newest version of every run that goes on."""
    query = (
        select(Run, MixtureVersion)
        .join(MixtureVersion, (MixtureVersion.run_id == Run.id) & (MixtureVersion.version == Run.version))
        .where(Run.finished_at.is_(None))
    )
    return [(run, version) for run, version in await session.execute(query)]


async def note_published(session: AsyncSession, run_id: int, *, up_to: int) -> list[int]:
    """Note that Redis was given a version, and with it those that it overtook; give those it is news of, in order."""
    noted = await session.scalars(
        update(MixtureVersion)
        .where(MixtureVersion.run_id == run_id, MixtureVersion.version <= up_to, MixtureVersion.published_at.is_(None))
        .values(published_at=now())
        .returning(MixtureVersion.version)
        .execution_options(synchronize_session=False)
    )
    return sorted(noted)


async def run_names(session: AsyncSession) -> Sequence[str]:
    """Give the names of all runs."""
    return (await session.scalars(select(Run.name))).all()


async def is_first_sight(session: AsyncSession, run_id: int, attempt: int, sequence: int) -> bool:
    """Note a batch of reports; False if it was noted before."""
    insert = insert_into(session, TelemetryBatch).values(run_id=run_id, attempt=attempt, sequence=sequence)
    noted = await session.execute(insert.on_conflict_do_nothing().returning(TelemetryBatch.sequence))
    return noted.first() is not None
