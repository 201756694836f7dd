"""REST: runs."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, status
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.bodies import StrictRoute
from crossfade_controller.paging import Page, Paging, page_token
from crossfade_controller.runs import repository, service
from crossfade_controller.runs.models import Run
from crossfade_controller.runs.schemas import CreatedRun, NewRun, RunBody
from crossfade_controller.services import ServicesOfApp

router = APIRouter(prefix="/v1/runs", route_class=StrictRoute, tags=["runs"])


@router.post("", status_code=status.HTTP_201_CREATED)
async def register_run(body: NewRun, services: ServicesOfApp) -> CreatedRun:
    """Register a run; the answer shows its signing key, this once, for the workers of the run."""
    async with services.database.write() as session:
        run = await service.register(session, body)
        sources = (await repository.sources(session, [run.id]))[run.id]
    services.tell_of_version(run.id)
    return CreatedRun.of(run, sources, None, signing_key=run.signing_key.hex())


@router.get("")
async def list_runs(services: ServicesOfApp, paging: Paging) -> Page[RunBody]:
    """Give the runs, newest first."""
    async with services.database.read() as session:
        # One more than asked for tells whether there is a next page.
        runs = await repository.page(session, after_id=paging.after, limit=paging.limit + 1)
        shown = runs[: paging.limit]
        items = await _describe(session, shown)
    return Page(items=items, next_page=page_token(shown[-1].id) if len(runs) > paging.limit else None)


@router.get("/{run}")
async def get_run(run: str, services: ServicesOfApp) -> RunBody:
    """Give one run and how far it is."""
    async with services.database.read() as session:
        (described,) = await _describe(session, [await repository.find(session, run)])
    return described


async def _describe(session: AsyncSession, runs: Sequence[Run]) -> list[RunBody]:
    run_ids = [run.id for run in runs]
    sources = await repository.sources(session, run_ids)
    attempts = await repository.current_attempts(session, run_ids)
    return [RunBody.of(run, sources[run.id], attempts.get(run.id)) for run in runs]
