"""REST: runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response, status

from crossfade_controller.auth.access import Operator, requires
from crossfade_controller.auth.actor import Actor
from crossfade_controller.bodies import StrictRoute
from crossfade_controller.idempotency.repeat import RepeatOfRequest
from crossfade_controller.memory import STALE_HEADERS
from crossfade_controller.paging import Page, Paging
from crossfade_controller.runs import repository, service
from crossfade_controller.runs.description import describe, describe_all
from crossfade_controller.runs.schemas import CreatedRun, NewRun, RunBody
from crossfade_controller.services import ServicesOfApp

router = APIRouter(prefix="/v1/runs", route_class=StrictRoute, tags=["runs"])


@router.post("", status_code=status.HTTP_201_CREATED)
async def register_run(body: NewRun, services: ServicesOfApp, actor: Operator, repeat: RepeatOfRequest) -> CreatedRun:
    """Register a run; the answer shows its signing key, this once, for the workers of the run."""
    async with services.database.write() as session:
        if made_before := await repeat.made(session):
            run = await repository.find(session, made_before["run"])
        else:
            run = await service.register(session, body, actor=actor)
            await repeat.keep(session, run=run.name)
        sources = await repository.sources_of(session, run)
    services.tell_of_version(run.id)
    return CreatedRun.of(run, sources, None, signing_key=run.signing_key.hex())


@router.get("", response_model=Page[RunBody], responses={200: {"headers": STALE_HEADERS}})
async def list_runs(
    services: ServicesOfApp, paging: Paging, actor: Annotated[Actor, requires("viewer", keeps_to_run=True)]
) -> Response:
    """Give the runs, newest first; to a token that is bound to a run, that one alone."""

    async def read() -> tuple[None, bytes]:
        async with services.database.read() as session:
            # One more than asked for tells whether there is a next page.
            runs = await repository.page(session, after_id=paging.after, limit=paging.limit + 1, only=actor.run)
            shown = runs[: paging.limit]
            items = await describe_all(session, shown)
        more = len(runs) > paging.limit
        page: Page[RunBody] = Page(items=items, next_page=paging.token_after(shown[-1].id) if more else None)
        return None, page.model_dump_json().encode()

    answered = await services.runs.ask(None, (actor.run, paging.after, paging.limit), read)
    return Response(answered.answer, media_type="application/json", headers=answered.headers)


@router.get(
    "/{run}",
    dependencies=[requires("viewer")],
    response_model=RunBody,
    responses={200: {"headers": STALE_HEADERS}},
)
async def get_run(run: str, services: ServicesOfApp) -> Response:
    """Give one run and how far it is."""

    async def read() -> tuple[int, bytes]:
        async with services.database.read() as session:
            found = await repository.find(session, run)
            return found.id, (await describe(session, found)).model_dump_json().encode()

    described = await services.runs.ask(run, "description", read)
    return Response(described.answer, media_type="application/json", headers=described.headers)
