"""How far a run is, read from the database."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.forecast.progress import RunProgress, SourceProgress
from crossfade_controller.metrics.repository import sources_before
from crossfade_controller.mixtures import repository as mixtures
from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.runs import repository as runs
from crossfade_controller.runs.models import Run
from crossfade_controller.sources.models import Source
from crossfade_controller.sources.schemas import NewSource


async def progress_of(session: AsyncSession, run: Run) -> RunProgress:
    """Read what a run has drawn from each source by its last report."""
    attempt = await runs.current_attempt(session, run)
    tokens_per_step = attempt.tokens_per_step if attempt else None
    decay = await mixtures.newest_applied_decay(session, run.id) if run.phase == "decay" else None
    return RunProgress(
        tokens=run.tokens or 0,
        horizon_tokens=_end_of_decay(run, decay, tokens_per_step) if decay and tokens_per_step else run.horizon_tokens,
        tokens_per_step=tokens_per_step,
        sources=_sources(await sources_before(session, run.id, None)),
    )


def progress_at_start(horizon_tokens: int, sources: Iterable[NewSource]) -> RunProgress:
    """Give the progress of a run that has drawn nothing."""
    return RunProgress(
        tokens=0,
        horizon_tokens=horizon_tokens,
        tokens_per_step=None,
        sources=_sources((source, None) for source in sources),
    )


def _end_of_decay(run: Run, decay: MixtureVersion, tokens_per_step: int) -> int:
    """Give the token count at which a run ends whose decay was begun while it trained."""
    begin = (decay.effective_step or 0) * tokens_per_step
    return min(run.horizon_tokens, begin + (decay.decay_tokens or 0))


def _sources(sources: Iterable[tuple[Source | NewSource, int | None]]) -> tuple[SourceProgress, ...]:
    return tuple(
        SourceProgress(
            name=source.name,
            unique_tokens=source.unique_tokens,
            max_epochs=source.max_epochs,
            consumed_tokens=consumed_tokens or 0,
        )
        for source, consumed_tokens in sources
    )
