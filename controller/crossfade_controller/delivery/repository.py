"""Queries of delivery: what Redis should hold, and what was taken in."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.database import insert_into
from crossfade_controller.delivery.models import OutboxEntry, TelemetryBatch
from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.runs.models import Run


async def newest_unpublished(session: AsyncSession) -> list[tuple[Run, MixtureVersion]]:
    """Give the newest version of each run that has any in the outbox."""
    newest = select(OutboxEntry.run_id, func.max(OutboxEntry.version).label("version")).group_by(OutboxEntry.run_id)
    waiting = newest.subquery()
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


async def take_from_outbox(session: AsyncSession, run_id: int, *, up_to: int) -> Sequence[MixtureVersion]:
    """Take versions up to one out of a run's outbox, lower ones first."""
    waiting = (OutboxEntry.run_id == run_id, OutboxEntry.version <= up_to)
    found = await session.scalars(
        select(MixtureVersion)
        .join(
            OutboxEntry,
            (OutboxEntry.run_id == MixtureVersion.run_id) & (OutboxEntry.version == MixtureVersion.version),
        )
        .where(*waiting)
        .order_by(MixtureVersion.version)
    )
    versions = found.all()
    await session.execute(delete(OutboxEntry).where(*waiting))
    return versions


async def run_names(session: AsyncSession) -> Sequence[str]:
    """Give the names of all runs."""
    return (await session.scalars(select(Run.name))).all()


async def is_first_sight(session: AsyncSession, run_id: int, attempt: int, sequence: int) -> bool:
    """Note a batch of reports; False if it was noted before."""
    insert = insert_into(session, TelemetryBatch).values(run_id=run_id, attempt=attempt, sequence=sequence)
    noted = await session.execute(insert.on_conflict_do_nothing().returning(TelemetryBatch.sequence))
    return noted.first() is not None
