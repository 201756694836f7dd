"""How what is said of a source is changed."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.audit import repository as audit
from crossfade_controller.auth.actor import Actor
from crossfade_controller.events.repository import record
from crossfade_controller.problems import Problem
from crossfade_controller.runs import repository as runs
from crossfade_controller.sources.models import Source
from crossfade_controller.sources.schemas import SourceRevision


async def change(session: AsyncSession, run_name: str, name: str, body: SourceRevision, actor: Actor) -> Source:
    """Write what is said of a source from now on.

    Raises a `Problem`: 404 for an unknown run or source, 422 for a change of nothing.
    """
    run = await runs.find(session, run_name, lock=True)
    sources = {source.name: source for source in await runs.sources_of(session, run)}
    if (source := sources.get(name)) is None:
        there_are = ", ".join(sources)
        raise Problem(
            404,
            f"run {run.name!r} has no source {name!r:.80}; it has {there_are}",
            kind="unknown-source",
            field="source",
        )
    changes = body.model_dump(exclude={"reason"}, exclude_none=True)
    if not changes:
        raise Problem(422, "give max_epochs, capabilities or both", field="max_epochs")
    for field, value in changes.items():
        setattr(source, field, value)
    record(session, run, "source", by=actor.name, source=name, reason=body.reason, **changes)
    await audit.append(
        session, actor=actor.name, action="source.changed", run=run.name, source=name, reason=body.reason, **changes
    )
    return source
