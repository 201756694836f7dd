"""REST: what happens to a run, as a stream of server-sent events or as a page of JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse

from crossfade_controller.auth.access import requires
from crossfade_controller.bodies import MAX_COUNT, StrictRoute
from crossfade_controller.events import repository
from crossfade_controller.events.schemas import EventBody, EventPage
from crossfade_controller.paging import MAX_PAGE_ITEMS
from crossfade_controller.runs import repository as runs
from crossfade_controller.services import Services, ServicesOfApp

router = APIRouter(prefix="/v1/runs/{run}", route_class=StrictRoute, tags=["events"])
EventId = Annotated[int | None, Query(ge=0, le=MAX_COUNT, description="events after this id alone")]


@router.get(
    "/events",
    dependencies=[requires("viewer")],
    responses={200: {"model": EventPage, "content": {"text/event-stream": {}}, "description": "by the Accept header"}},
    response_class=Response,
)
async def get_events(
    *,
    run: str,
    services: ServicesOfApp,
    after: EventId = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS, description="events a page of JSON")] = 100,
    accept: Annotated[str, Header()] = "text/event-stream",
    last_event_id: Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=MAX_COUNT)] = None,
) -> Response:
    """Follow the run's events, or with `Accept: application/json` give a page of those that were.

    A stream begins after `Last-Event-ID`, else after `after`, else now, and never beyond the newest event; a page
    begins after `after`, else at the first event. A stream tells of one kind more than a page does: `step`, progress
    that is told as it passes.
    """
    if "application/json" in accept:
        return JSONResponse((await _page(services, run, after or 0, limit)).model_dump(mode="json"))
    run_id, newest = await services.streams.end_of(run)
    begin = next((place for place in (last_event_id, after) if place is not None), newest)
    if begin > newest:  # what was read may be older than this request; else the database was restored from a backup
        run_id, newest = await services.streams.end_of(run)
    stream = services.streams.follow(run_id, min(begin, newest), newest=newest)
    return EventSourceResponse(stream, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})


async def _page(services: Services, run: str, after: int, limit: int) -> EventPage:
    async with services.database.read() as session:
        found = await runs.find(session, run)
        events = await repository.after(session, found.id, after, limit=limit)
    return EventPage(
        items=[EventBody.model_validate(event) for event in events], after=events[-1].id if events else after
    )
