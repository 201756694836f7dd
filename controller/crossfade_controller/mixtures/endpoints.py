"""REST: the current mixture and its history."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response, status

from crossfade_controller.auth.access import requires
from crossfade_controller.bodies import MAX_COUNT, StrictRoute
from crossfade_controller.memory import STALE_HEADERS
from crossfade_controller.mixtures import repository, service
from crossfade_controller.mixtures.current import read_current
from crossfade_controller.mixtures.schemas import VersionBody, VersionDiff, VersionWithRealised
from crossfade_controller.paging import Page, Paging
from crossfade_controller.runs import repository as runs
from crossfade_controller.services import ServicesOfApp

router = APIRouter(prefix="/v1/runs/{run}", route_class=StrictRoute, tags=["mixtures"])
VersionNumber = Annotated[int, Path(ge=1, le=MAX_COUNT)]


@router.get(
    "/mixture",
    dependencies=[requires("viewer")],
    response_model=VersionWithRealised,
    responses={
        200: {"headers": STALE_HEADERS},
        304: {"description": "If-None-Match names the current version: there is no newer one"},
    },
)
async def get_current(
    run: str, services: ServicesOfApp, if_none_match: Annotated[str | None, Header(alias="If-None-Match")] = None
) -> Response:
    """Give the current mixture; its ETag is what a change puts into If-Match.

    The ETag is the version alone: 304 says that there is no newer one, though this one may have travelled further.
    """
    current = await read_current(services, run)
    headers = {"ETag": current.answer.etag, **current.headers}
    if current.answer.is_known_to(if_none_match):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(current.answer.body, headers=headers, media_type="application/json")


@router.get("/mixtures", dependencies=[requires("viewer")])
async def list_versions(run: str, services: ServicesOfApp, paging: Paging) -> Page[VersionBody]:
    """Give the history, newest version first."""
    async with services.database.read() as session:
        found = await runs.find(session, run)
        rows = await repository.page(session, found.id, before=paging.after, limit=paging.limit)
    more = bool(rows) and rows[-1].version > 1
    return Page(
        items=[VersionBody.of(row) for row in rows], next_page=paging.token_after(rows[-1].version) if more else None
    )


@router.get("/mixtures/{version}", dependencies=[requires("viewer")])
async def get_version(run: str, version: VersionNumber, services: ServicesOfApp) -> VersionWithRealised:
    """Give one version and the shares realised under it."""
    async with services.database.read() as session:
        row = await repository.find(session, await runs.find(session, run), version)
        return VersionWithRealised.of(row, realised=await service.realised_shares(session, row))


@router.get("/mixtures/{version}/diff", dependencies=[requires("viewer")])
async def compare_versions(
    run: str,
    version: VersionNumber,
    services: ServicesOfApp,
    base: Annotated[
        int | None, Query(ge=1, le=MAX_COUNT, description="another version than the one it is based on")
    ] = None,
) -> VersionDiff:
    """Say what a version changed against the version it is based on, or how it differs from any other."""
    async with services.database.read() as session:
        found = await runs.find(session, run)
        row = await repository.find(session, found, version)
        against = base or row.base_version
        return VersionDiff.of(row, await repository.find(session, found, against) if against else None)
