"""How far a run is, read from the database."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.forecast.progress import RunProgress, SourceProgress
from crossfade_controller.metrics.repository import source_tokens_before
from crossfade_controller.runs import repository as runs
from crossfade_controller.runs.models import Run
from crossfade_controller.sources.models import Source
from crossfade_controller.sources.schemas import NewSource


async def progress_of(session: AsyncSession, run: Run) -> RunProgress:
    """Read what a run has drawn from each source by its last report."""
    attempt = await runs.current_attempt(session, run)
    consumed = await source_tokens_before(session, run.id, None)
    return RunProgress(
        tokens=run.tokens or 0,
        horizon_tokens=run.horizon_tokens,
        tokens_per_step=attempt.tokens_per_step if attempt else None,
        sources=_sources((await runs.sources(session, [run.id]))[run.id], consumed),
    )


def progress_at_start(horizon_tokens: int, sources: Iterable[NewSource]) -> RunProgress:
    """Give the progress of a run that has drawn nothing."""
    return RunProgress(tokens=0, horizon_tokens=horizon_tokens, tokens_per_step=None, sources=_sources(sources, {}))


def _sources(sources: Iterable[Source | NewSource], consumed: dict[str, int]) -> tuple[SourceProgress, ...]:
    return tuple(
        SourceProgress(
            name=source.name,
            unique_tokens=source.unique_tokens,
            max_epochs=source.max_epochs,
            consumed_tokens=consumed.get(source.name, 0),
        )
        for source in sources
    )
