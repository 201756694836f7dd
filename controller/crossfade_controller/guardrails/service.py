"""How the guard rails of a run are set, and how its policies are stopped and let go."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.audit import repository as audit
from crossfade_controller.auth.actor import Actor
from crossfade_controller.database import now
from crossfade_controller.events.repository import record
from crossfade_controller.guardrails.schemas import Frozen
from crossfade_controller.guardrails.settings import GuardrailSettings
from crossfade_controller.guardrails.verdict import check_settings
from crossfade_controller.runs import repository as runs
from crossfade_controller.runs.models import Run


async def set_guardrails(session: AsyncSession, run_name: str, settings: GuardrailSettings, actor: Actor) -> Run:
    """Write what the guard rails are from now on.

    Raises a 404 `Problem` for an unknown run, `UserError` for settings that do not fit its sources.
    """
    run = await runs.find(session, run_name, lock=True)
    check_settings(settings, {source.name for source in await runs.sources_of(session, run)})
    run.guardrails = settings.model_dump(mode="json")
    record(session, run, "guardrails", by=actor.name, guardrails=run.guardrails)
    await audit.append(session, actor=actor.name, action="run.guardrails_set", run=run.name, guardrails=run.guardrails)
    return run


async def freeze(session: AsyncSession, run_name: str, *, reason: str, actor: Actor) -> Run:
    """Stop the policies of a run; one that is frozen stays as it was frozen. Raises a 404 `Problem`."""
    run = await runs.find(session, run_name, lock=True)
    if run.frozen is None:
        run.frozen = Frozen(by=actor.name, reason=reason, at=now()).model_dump(mode="json")
        record(session, run, "frozen", by=actor.name, reason=reason)
        await audit.append(session, actor=actor.name, action="run.frozen", run=run.name, reason=reason)
    return run


async def unfreeze(session: AsyncSession, run_name: str, *, reason: str | None, actor: Actor) -> Run:
    """Let the policies of a run go on; one that is not frozen stays so. Raises a 404 `Problem`."""
    run = await runs.find(session, run_name, lock=True)
    if run.frozen is not None:
        run.frozen = None
        record(session, run, "unfrozen", by=actor.name, reason=reason)
        await audit.append(session, actor=actor.name, action="run.unfrozen", run=run.name, reason=reason)
    return run
