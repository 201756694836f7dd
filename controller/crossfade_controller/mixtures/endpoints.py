"""REST: the current mixture, its history, and the three ways to make a new version."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response, status

from crossfade_controller.auth.access import Steerer, requires
from crossfade_controller.bodies import MAX_COUNT, StrictRoute
from crossfade_controller.idempotency.repeat import RepeatOfRequest
from crossfade_controller.memory import STALE
from crossfade_controller.mixtures import repository, service
from crossfade_controller.mixtures.conditions import AnyVersion, ExactVersion
from crossfade_controller.mixtures.current import read_current
from crossfade_controller.mixtures.schemas import (
    NewVersion,
    Restoring,
    Reweighing,
    VersionBody,
    VersionDiff,
    VersionWithRealised,
)
from crossfade_controller.paging import Page, Paging, page_token
from crossfade_controller.runs import repository as runs
from crossfade_controller.services import Services, ServicesOfApp
from crossfade_shared.mixture import Mixture, complete_weights, reweigh

router = APIRouter(prefix="/v1/runs/{run}", route_class=StrictRoute, tags=["mixtures"])
VersionNumber = Annotated[int, Path(ge=1, le=MAX_COUNT)]


@router.get(
    "/mixture",
    dependencies=[requires("viewer")],
    response_model=VersionWithRealised,
    responses={304: {"description": "If-None-Match names the current version: there is no newer one"}},
)
async def get_current(
    run: str, services: ServicesOfApp, if_none_match: Annotated[str | None, Header(alias="If-None-Match")] = None
) -> Response:
    """Give the current mixture; its ETag is what a change puts into If-Match.

    The ETag is the version alone: 304 says that there is no newer one, though this one may have travelled further.
    """
    current = await read_current(services, run)
    headers = {"ETag": current.answer.etag, **(STALE if current.is_stale else {})}
    if current.answer.is_known_to(if_none_match):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(current.answer.body, headers=headers, media_type="application/json")


@router.post("/mixtures", status_code=status.HTTP_201_CREATED)
async def make_version(
    *,
    run: str,
    body: NewVersion,
    services: ServicesOfApp,
    actor: Steerer,
    response: Response,
    based_on: ExactVersion,
    repeat: RepeatOfRequest,
) -> VersionBody:
    """Make a new version from whole weights; a source that is off may be left out."""
    change = service.Change(
        decide=lambda current: Mixture.from_weights(complete_weights(body.weights, current)),
        based_on=based_on,
        repeat=repeat,
        reason=body.reason,
        author=actor.name,
        on_behalf_of=body.on_behalf_of,
        takes_effect=body.takes_effect,
    )
    return await _answer(services, run, change, response)


@router.patch("/mixture", status_code=status.HTTP_201_CREATED)
async def reweigh_current(
    *,
    run: str,
    body: Reweighing,
    services: ServicesOfApp,
    actor: Steerer,
    response: Response,
    based_on: AnyVersion,
    repeat: RepeatOfRequest,
) -> VersionBody:
    """Make a new version by multiplying or setting some shares; the other sources share the rest in proportion.

    `If-Match: *` stands for whatever version is current.
    """
    change = service.Change(
        decide=lambda current: reweigh(current, multiply=body.multiply, fix=body.set),
        based_on=based_on,
        repeat=repeat,
        reason=body.reason,
        author=actor.name,
        on_behalf_of=body.on_behalf_of,
        takes_effect=body.takes_effect,
    )
    return await _answer(services, run, change, response)


@router.get("/mixtures", dependencies=[requires("viewer")])
async def list_versions(run: str, services: ServicesOfApp, paging: Paging) -> Page[VersionBody]:
    """Give the history, newest version first."""
    async with services.database.read() as session:
        found = await runs.find(session, run)
        rows = await repository.page(session, found.id, before=paging.after, limit=paging.limit)
    more = bool(rows) and rows[-1].version > 1
    return Page(items=[VersionBody.of(row) for row in rows], next_page=page_token(rows[-1].version) if more else None)


@router.get("/mixtures/{version}", dependencies=[requires("viewer")])
async def get_version(run: str, version: VersionNumber, services: ServicesOfApp) -> VersionWithRealised:
    """Give one version and the shares realised under it."""
    async with services.database.read() as session:
        row = await repository.find(session, await runs.find(session, run), version)
        return VersionWithRealised.of(row, realised=await service.realised_shares(session, row))


@router.get("/mixtures/{version}/diff", dependencies=[requires("viewer")])
async def compare_with_base(run: str, version: VersionNumber, services: ServicesOfApp) -> VersionDiff:
    """Say what a version changed against the version it is based on."""
    async with services.database.read() as session:
        found = await runs.find(session, run)
        row = await repository.find(session, found, version)
        base = await repository.find(session, found, row.base_version) if row.base_version else None
    return VersionDiff.of(row, base)


@router.post("/mixtures/{version}:restore", status_code=status.HTTP_201_CREATED)
async def restore_version(
    *,
    run: str,
    version: VersionNumber,
    services: ServicesOfApp,
    actor: Steerer,
    response: Response,
    based_on: ExactVersion,
    repeat: RepeatOfRequest,
    body: Restoring | None = None,
) -> VersionBody:
    """Make a new version with the weights of an earlier one."""
    body = body or Restoring()
    async with services.database.read() as session:
        earlier = await repository.find(session, await runs.find(session, run), version)
    change = service.Change(
        decide=lambda _current: earlier.mixture,
        based_on=based_on,
        repeat=repeat,
        reason=body.reason or f"restore version {version}",
        author=actor.name,
        on_behalf_of=body.on_behalf_of,
        takes_effect=body.takes_effect,
    )
    return await _answer(services, run, change, response)


async def _answer(services: Services, run: str, change: service.Change, response: Response) -> VersionBody:
    """Commit the change, tell everybody, and only then answer."""
    async with services.database.write() as session:
        row = await service.make_version(session, run, change)
    services.tell_of_version(row.run_id)
    response.headers["ETag"] = f'"{row.version}"'
    return VersionBody.as_accepted(row)
