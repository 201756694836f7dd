"""REST: who am I, and the tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status

from crossfade_controller.auth import repository, service
from crossfade_controller.auth.access import Admin, requires
from crossfade_controller.auth.actor import Actor
from crossfade_controller.auth.schemas import CreatedToken, NewToken, TokenBody, WhoAmI
from crossfade_controller.bodies import MAX_COUNT, StrictRoute
from crossfade_controller.idempotency.repeat import RepeatOfRequest
from crossfade_controller.paging import Page, Paging
from crossfade_controller.services import ServicesOfApp

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["access"])
TokenId = Annotated[int, Path(ge=1, le=MAX_COUNT)]


@router.get("/whoami")
async def get_actor(actor: Annotated[Actor, requires("viewer", keeps_to_run=True)]) -> WhoAmI:
    """Say who asks and what that one may do."""
    return WhoAmI.of(actor)


@router.post("/tokens", status_code=status.HTTP_201_CREATED)
async def create_token(body: NewToken, services: ServicesOfApp, actor: Admin, repeat: RepeatOfRequest) -> CreatedToken:
    """Make a token; the answer shows its secret, this once: a repeat under the same key gives the token without it."""
    async with services.database.write() as session:
        if made_before := await repeat.made(session):
            token, run = await repository.find(session, made_before["id"])
            return CreatedToken.of(token, run, token=None)
        token, secret = await service.create(session, body, by=actor.name)
        await repeat.keep(session, id=token.id)
    return CreatedToken.of(token, body.run, token=secret)


@router.get("/tokens", dependencies=[requires("admin")])
async def list_tokens(services: ServicesOfApp, paging: Paging) -> Page[TokenBody]:
    """Give the tokens, newest first, without their secrets."""
    async with services.database.read() as session:
        # One more than asked for tells whether there is a next page.
        found = await repository.page(session, after_id=paging.after, limit=paging.limit + 1)
    items = [TokenBody.of(token, run) for token, run in found[: paging.limit]]
    return Page(items=items, next_page=paging.token_after(items[-1].id) if len(found) > paging.limit else None)


@router.delete("/tokens/{token_id}")
async def revoke_token(token_id: TokenId, services: ServicesOfApp, actor: Admin) -> TokenBody:
    """Make a token worthless at once; doing so again changes nothing."""
    async with services.database.write() as session:
        token, run = await service.revoke(session, token_id, by=actor.name)
    services.gate.forget()
    return TokenBody.of(token, run)
