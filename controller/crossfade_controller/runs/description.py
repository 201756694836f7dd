"""What is said of a run, read from the database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.runs import repository
from crossfade_controller.runs.models import Run
from crossfade_controller.runs.schemas import RunBody


async def describe_all(session: AsyncSession, runs: Sequence[Run]) -> list[RunBody]:
    """Describe some runs, in their order."""
    run_ids = [run.id for run in runs]
    sources = await repository.sources(session, run_ids)
    attempts = await repository.current_attempts(session, run_ids)
    return [RunBody.of(run, sources[run.id], attempts.get(run.id)) for run in runs]


async def describe(session: AsyncSession, run: Run) -> RunBody:
    """Describe one run."""
    (described,) = await describe_all(session, [run])
    return described
