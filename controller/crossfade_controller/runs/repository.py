"""Queries of runs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.problems import Problem
from crossfade_controller.runs.models import Attempt, Run
from crossfade_controller.sources.models import Source
from crossfade_shared.errors import UserError
from crossfade_shared.mixture import check_name

_NAMES_IN_MESSAGE = 5
_BY_NAME = select(Run).where(Run.name == bindparam("name"))
_BY_NAME_LOCKED = _BY_NAME.with_for_update()


async def find(session: AsyncSession, name: str, *, lock: bool = False) -> Run:
    """Give a run, with `lock` under its row lock until the transaction ends; raises a 404 `Problem`."""
    query = _BY_NAME_LOCKED if lock else _BY_NAME
    run = await session.scalar(query, {"name": name}) if is_run_name(name) else None
    if run is None:
        raise await _no_such_run(session, name)
    return run


async def lock(session: AsyncSession, run: Run) -> None:
    """Hold a run's row lock until the transaction ends."""
    await session.execute(select(Run.id).where(Run.id == run.id).with_for_update())


async def page(session: AsyncSession, *, after_id: int | None, limit: int, only: str | None) -> Sequence[Run]:
    """Give runs, newest first, from before an id on; or the only one of a name."""
    query = select(Run).order_by(Run.id.desc()).limit(limit)
    query = query if only is None else query.where(Run.name == only)
    found = await session.scalars(query if after_id is None else query.where(Run.id < after_id))
    return found.all()


async def sources(session: AsyncSession, run_ids: Sequence[int]) -> dict[int, list[Source]]:
    """Give the sources of some runs, in the order they were registered."""
    found = await session.scalars(select(Source).where(Source.run_id.in_(run_ids)).order_by(Source.position))
    by_run: dict[int, list[Source]] = {run_id: [] for run_id in run_ids}
    for source in found:
        by_run[source.run_id].append(source)
    return by_run


async def sources_of(session: AsyncSession, run: Run) -> list[Source]:
    """Give the sources of one run, in the order they were registered."""
    return (await sources(session, [run.id]))[run.id]


async def current_attempt(session: AsyncSession, run: Run) -> Attempt | None:
    """Give the highest attempt of a run, or None before its first report."""
    return await session.get(Attempt, (run.id, run.attempt)) if run.attempt else None


async def current_attempts(session: AsyncSession, run_ids: Sequence[int]) -> dict[int, Attempt]:
    """Give the highest attempt of each of some runs; a run without a report has none."""
    is_current = (Attempt.run_id == Run.id) & (Attempt.attempt == Run.attempt)
    found = await session.scalars(select(Attempt).join(Run, is_current).where(Run.id.in_(run_ids)))
    return {attempt.run_id: attempt for attempt in found}


def is_run_name(name: str) -> bool:
    """Say whether a run could have this name."""
    try:
        return bool(check_name(name, field="run"))
    except UserError:
        return False


async def _no_such_run(session: AsyncSession, name: str) -> Problem:
    names = (await session.scalars(select(Run.name).order_by(Run.id.desc()).limit(_NAMES_IN_MESSAGE + 1))).all()
    shown = ", ".join(names[:_NAMES_IN_MESSAGE]) + (", …" if len(names) > _NAMES_IN_MESSAGE else "")
    there_are = f"the runs are {shown}" if names else "there are no runs yet; make one with POST /v1/runs"
    return Problem(404, f"there is no run {name!r:.80}; {there_are}", kind="unknown-run", field="run")
