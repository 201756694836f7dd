"""The way in when the controller starts: nobody is locked out of a new one, and no open one is left unguarded."""

from __future__ import annotations

from crossfade_controller.auth import repository, service
from crossfade_controller.auth.schemas import NewToken
from crossfade_controller.auth.secrets import check_admin_token
from crossfade_controller.database import Database
from crossfade_controller.offline import opened
from crossfade_controller.settings import Settings
from crossfade_shared.errors import UserError

MADE_BY = "crossfade serve"


async def open_entry(settings: Settings) -> str | None:
    """Make sure that somebody can come in; gives the secret of an admin token if one had to be made for that.

    Raises `UserError` for an admin token that is easily guessed, and for an address that others can reach where
    nobody has a token yet: then whoever comes first would find no lock.
    """
    if settings.admin_token:
        check_admin_token(settings.admin_token.get_secret_value())
        return None
    async with opened(settings.database_url) as database:
        return await _first_token(database, loopback=settings.loopback)


async def _first_token(database: Database, *, loopback: bool) -> str | None:
    async with database.write() as session:
        if not loopback and not await repository.any_works(session):
            raise UserError(
                "other machines can reach this --host and there is no token that works; set CROSSFADE_ADMIN_TOKEN, or "
                "make a token with: crossfade token create admin --scope admin",
                field="host",
            )
        if await repository.any_was_made(session):
            return None
        _, secret = await service.create(session, NewToken(name="admin", scopes=["admin"]), by=MADE_BY)
        return secret
