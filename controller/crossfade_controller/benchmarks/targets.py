"""What the benchmarks of a run are meant to reach: set as a whole, as often as one likes."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.audit import repository as audit
from crossfade_controller.auth.actor import Actor
from crossfade_controller.benchmarks.schemas import Targets
from crossfade_controller.events.repository import record
from crossfade_controller.runs import repository as runs
from crossfade_controller.runs.models import Run


async def set_targets(session: AsyncSession, run_name: str, body: Targets, actor: Actor) -> Run:
    """Write the targets of a run in place of those it had; raises a 404 `Problem` for an unknown run."""
    run = await runs.find(session, run_name, lock=True)
    run.targets = [target.model_dump() for target in body.targets]
    record(session, run, "targets", by=actor.name, targets=run.targets)
    await audit.append(session, actor=actor.name, action="run.targets_set", run=run.name, targets=run.targets)
    return run
