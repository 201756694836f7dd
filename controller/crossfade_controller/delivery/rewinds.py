"""A run that went back: what it did from a step on is no longer how far it is, though its events stay."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.mixtures import repository as mixtures
from crossfade_controller.runs.models import Run
from crossfade_shared.telemetry import AttemptReport


async def go_back(session: AsyncSession, run: Run, report: AttemptReport) -> None:
    """Set a run back to the first step of an attempt; the caller holds the run's lock.

    A version that was applied from there on waits to be applied again.
    """
    for row in await mixtures.applied_from(session, run.id, report.start_step):
        row.applied_at = row.effective_step = row.effective_steps = None
    run.step = report.start_step - 1 if report.start_step else None
    run.tokens = report.start_step * report.tokens_per_step if report.start_step else None
