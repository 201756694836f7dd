"""REST: the audit."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from crossfade_controller.audit import repository
from crossfade_controller.audit.schemas import AuditLine
from crossfade_controller.auth.access import requires
from crossfade_controller.auth.actor import Actor
from crossfade_controller.bodies import StrictRoute, Text
from crossfade_controller.paging import Page, Paging
from crossfade_controller.services import ServicesOfApp

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["audit"])


@router.get("/audit")
async def list_lines(
    services: ServicesOfApp,
    paging: Paging,
    actor: Annotated[Actor, requires("approver", keeps_to_run=True)],
    run: Annotated[Text | None, Query(description="lines of this run alone")] = None,
) -> Page[AuditLine]:
    """Give the audit, oldest line first; to a token that is bound to a run, the lines of that one alone."""
    only = actor.run or run
    async with services.database.read() as session:
        # One more than asked for tells whether there is a next page.
        lines = await repository.page(session, run=only, after=paging.after or 0, limit=paging.limit + 1)
    items = [AuditLine.model_validate(line) for line in lines[: paging.limit]]
    return Page(items=items, next_page=paging.token_after(items[-1].sequence) if len(lines) > paging.limit else None)
