"""Queries of delivery: what Redis should hold, and what was taken in."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.database import insert_into
from crossfade_controller.delivery.mailbox import Letter
from crossfade_controller.delivery.models import OutboxEntry, TelemetryBatch
from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.runs.models import Run
from crossfade_shared.envelope import MixtureEnvelope


async def unpublished(session: AsyncSession) -> list[Letter]:
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
    return [_letter(run, row) for run, row in (await session.execute(query)).tuples()]


async def newest_of_unfinished(session: AsyncSession) -> list[Letter]:
    """Give the newest version of every run that goes on."""
    query = (
        select(Run, MixtureVersion)
        .join(MixtureVersion, (MixtureVersion.run_id == Run.id) & (MixtureVersion.version == Run.version))
        .where(Run.finished_at.is_(None))
    )
    return [_letter(run, row) for run, row in (await session.execute(query)).tuples()]


async def remove_from_outbox(session: AsyncSession, run_id: int, version: int) -> None:
    """Forget that a version is still to be published."""
    await session.execute(delete(OutboxEntry).where(OutboxEntry.run_id == run_id, OutboxEntry.version == version))


async def runs_by_name(session: AsyncSession) -> dict[str, int]:
    """Give the ids of all runs."""
    return dict((await session.execute(select(Run.name, Run.id))).tuples().all())


async def is_first_sight(session: AsyncSession, run_id: int, attempt: int, sequence: int) -> bool:
    """Note a batch of reports; False if it was noted before."""
    insert = insert_into(session, TelemetryBatch).values(run_id=run_id, attempt=attempt, sequence=sequence)
    noted = await session.execute(insert.on_conflict_do_nothing().returning(TelemetryBatch.sequence))
    return noted.first() is not None


def _letter(run: Run, row: MixtureVersion) -> Letter:
    envelope = MixtureEnvelope(
        run=run.name,
        version=row.version,
        weights_ppm=dict(row.mixture.weights_ppm),
        digest=row.mixture.digest,
        takes_effect=row.takes_effect,
        author=row.author,
        reason=row.reason,
        created_at=row.created_at.isoformat(),
    )
    return Letter(envelope, run.signing_key)
