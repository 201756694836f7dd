"""What the guard rails look at, read from the database."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.benchmarks.repository import num_evaluations_since
from crossfade_controller.database import now
from crossfade_controller.forecast.gathering import progress_of
from crossfade_controller.guardrails.verdict import Situation
from crossfade_controller.mixtures import repository as mixtures
from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.mixtures.timing import first_step, first_tokens
from crossfade_controller.runs.models import Run
from crossfade_shared.envelope import TakesEffect
from crossfade_shared.mixture import Mixture

_DAY = timedelta(hours=24)


async def situation_of(
    session: AsyncSession, run: Run, current: MixtureVersion, takes_effect: TakesEffect, *, by_policy: bool
) -> Situation:
    """Read how a run stands for a change that takes effect at a given place, as far as its rails look at it."""
    rails, progress = run.rails, await progress_of(session, run)
    counts_evaluations = by_policy and rails.minimum_evaluations > 0
    looks_back = rails.cool_down_steps > 0 or counts_evaluations
    last = await mixtures.newest_decided(session, run.id) if looks_back else None
    is_pending = last is not None and last.effective_step is None and last.superseded_at is None
    last_step = last.effective_step if last else None
    return Situation(
        current=current.mixture,
        day_ago=current.mixture if rails.max_change_per_day is None else await _day_ago(session, run),
        progress=progress.later(first_tokens(run, takes_effect, progress.tokens_per_step), current.mixture),
        takes_effect_step=first_step(run, takes_effect, progress.tokens_per_step),
        last_change_step=last_step,
        change_pending=is_pending,
        by_policy=by_policy,
        frozen=run.frozen is not None,
        num_evaluations=await num_evaluations_since(session, run.id, last_step or 0)
        if counts_evaluations and not is_pending
        else 0,
    )


async def _day_ago(session: AsyncSession, run: Run) -> Mixture:
    """Give the mixture of 24 hours before, or the first one, less what the workers have run out of since.

    Running out is no move that anybody made, and nobody can take it back.
    """
    version = await mixtures.newest_made_by(session, run.id, now() - _DAY) or 1
    mixture = (await mixtures.find(session, run, version)).mixture
    run_out = {
        name
        for fact in await mixtures.undecided_above(session, run.id, version)
        for name, ppm in fact.weights_ppm.items()
        if ppm == 0
    }
    return mixture.without(run_out) or mixture
