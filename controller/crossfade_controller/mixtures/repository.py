"""Queries of mixture versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.problems import Problem
from crossfade_controller.runs.models import Run


async def find(session: AsyncSession, run: Run, version: int) -> MixtureVersion:
    """Give one version; raises a 404 `Problem`."""
    row = await session.get(MixtureVersion, (run.id, version)) if 1 <= version <= run.version else None
    if row is None:
        raise Problem(
            404,
            f"run {run.name!r} has no version {version}; its versions are 1 to {run.version}",
            kind="unknown-version",
            field="version",
        )
    return row


async def page(session: AsyncSession, run_id: int, *, before: int | None, limit: int) -> Sequence[MixtureVersion]:
    """Give versions, newest first, from below a version on."""
    query = select(MixtureVersion).where(MixtureVersion.run_id == run_id)
    query = query if before is None else query.where(MixtureVersion.version < before)
    return (await session.scalars(query.order_by(MixtureVersion.version.desc()).limit(limit))).all()


async def not_yet_applied_below(session: AsyncSession, run_id: int, version: int) -> Sequence[MixtureVersion]:
    """Give the lower versions that were neither applied nor superseded."""
    query = select(MixtureVersion).where(
        MixtureVersion.run_id == run_id,
        MixtureVersion.version < version,
        MixtureVersion.applied_at.is_(None),
        MixtureVersion.superseded_at.is_(None),
    )
    return (await session.scalars(query.order_by(MixtureVersion.version))).all()


async def applied_from(session: AsyncSession, run_id: int, step: int) -> Sequence[MixtureVersion]:
    """Give the versions that took effect at a step or later."""
    query = select(MixtureVersion).where(MixtureVersion.run_id == run_id, MixtureVersion.effective_step >= step)
    return (await session.scalars(query.order_by(MixtureVersion.version))).all()


async def next_effective_step(session: AsyncSession, row: MixtureVersion) -> int | None:
    """Give the step at which a later version took over from this one, or None while it is in force."""
    return await session.scalar(
        select(func.min(MixtureVersion.effective_step)).where(
            MixtureVersion.run_id == row.run_id, MixtureVersion.version > row.version
        )
    )


async def newest_decided(session: AsyncSession, run_id: int) -> MixtureVersion | None:
    """Give the newest version that somebody asked for after the run was made."""
    query = select(MixtureVersion).where(MixtureVersion.run_id == run_id, MixtureVersion.asked_ppm.is_not(None))
    return await session.scalar(query.order_by(MixtureVersion.version.desc()).limit(1))


async def newest_applied_decay(session: AsyncSession, run_id: int) -> MixtureVersion | None:
    """Give the newest version that began a decay of the learning rate and was applied; a rewind may have left it."""
    query = select(MixtureVersion).where(
        MixtureVersion.run_id == run_id,
        MixtureVersion.decay_tokens.is_not(None),
        MixtureVersion.effective_step.is_not(None),
    )
    return await session.scalar(query.order_by(MixtureVersion.version.desc()).limit(1))


async def undecided_above(session: AsyncSession, run_id: int, version: int) -> Sequence[MixtureVersion]:
    """Give the later versions that nobody asked for: what the workers did of themselves."""
    query = select(MixtureVersion).where(
        MixtureVersion.run_id == run_id, MixtureVersion.version > version, MixtureVersion.asked_ppm.is_(None)
    )
    return (await session.scalars(query.order_by(MixtureVersion.version))).all()


async def newest_made_by(session: AsyncSession, run_id: int, moment: datetime) -> int | None:
    """Give the newest version that was made by a moment, or None."""
    query = select(MixtureVersion.version).where(MixtureVersion.run_id == run_id, MixtureVersion.created_at <= moment)
    newest_first = query.order_by(MixtureVersion.created_at.desc(), MixtureVersion.version.desc())
    return await session.scalar(newest_first.limit(1))
