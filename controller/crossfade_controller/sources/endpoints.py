"""REST: the sources of a run."""

from __future__ import annotations

from fastapi import APIRouter

from crossfade_controller.auth.access import Approver, requires
from crossfade_controller.bodies import StrictRoute
from crossfade_controller.runs import repository as runs
from crossfade_controller.services import ServicesOfApp
from crossfade_controller.sources import service
from crossfade_controller.sources.schemas import SourceBody, SourceList, SourceRevision

router = APIRouter(prefix="/v1/runs/{run}/sources", route_class=StrictRoute, tags=["sources"])


@router.get("", dependencies=[requires("viewer")])
async def list_sources(run: str, services: ServicesOfApp) -> SourceList:
    """Give the sources of a run, as they were registered."""
    async with services.database.read() as session:
        found = await runs.find(session, run)
        return SourceList.model_validate({"sources": await runs.sources_of(session, found)})


@router.patch("/{source}")
async def change_source(
    run: str, source: str, body: SourceRevision, services: ServicesOfApp, actor: Approver
) -> SourceBody:
    """Change what is said of a source: how often it may be given, or what it is for.

    Forecast and guard rails go by it at once. The workers go by the caps of their own run file, from their next
    resume on.
    """
    async with services.database.write() as session:
        changed = await service.change(session, run, source, body, actor)
    services.feed.announce(changed.run_id)
    return SourceBody.model_validate(changed)
