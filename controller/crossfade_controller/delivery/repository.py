"""Queries of delivery: what Redis should hold, and what was taken in."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.database import insert_into
from crossfade_controller.delivery.models import OutboxEntry, TelemetryBatch
from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.runs.models import Run


async def unpublished(session: AsyncSession) -> list[tuple[Run, MixtureVersion]]:
    """Give every version in the outbox, lower versions of a run first."""
    query = (
        select(Run, MixtureVersion)
        .join(MixtureVersion, MixtureVersion.run_id == Run.id)
        .join(
            OutboxEntry,
            (OutboxEntry.run_id == MixtureVersion.run_id) & (OutboxEntry.version == MixtureVersion.version),
        )
        .order_by(Run.id, MixtureVersion.version)
    )
    return list((await session.execute(query)).tuples())


async def newest_of_unfinished(session: AsyncSession) -> list[tuple[Run, MixtureVersion]]:
    """Give the newest version of every run that goes on."""
    query = (
        select(Run, MixtureVersion)
        .join(MixtureVersion, (MixtureVersion.run_id == Run.id) & (MixtureVersion.version == Run.version))
        .where(Run.finished_at.is_(None))
    )
    return list((await session.execute(query)).tuples())


async def remove_from_outbox(session: AsyncSession, run_id: int, version: int) -> None:
    """Forget that a version is still to be published."""
    await session.execute(delete(OutboxEntry).where(OutboxEntry.run_id == run_id, OutboxEntry.version == version))


async def run_names(session: AsyncSession) -> Sequence[str]:
    """Give the names of all runs."""
    return (await session.scalars(select(Run.name))).all()


async def is_first_sight(session: AsyncSession, run_id: int, attempt: int, sequence: int) -> bool:
    """Note a batch of reports; False if it was noted before."""
    insert = insert_into(session, TelemetryBatch).values(run_id=run_id, attempt=attempt, sequence=sequence)
    noted = await session.execute(insert.on_conflict_do_nothing().returning(TelemetryBatch.sequence))
    return noted.first() is not None
