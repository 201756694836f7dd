"""`crossfade token`: make, list and revoke tokens, on the database itself, so that nobody is locked out for good."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from crossfade_controller.auth import repository, service
from crossfade_controller.auth.schemas import DEFAULT_DAYS, CreatedToken, NewToken, TokenBody
from crossfade_controller.database import now
from crossfade_controller.invalid import detail_of, field_of
from crossfade_controller.migration import migrate
from crossfade_controller.offline import AsJson, DatabaseOption, opened
from crossfade_controller.settings import DEFAULT_DATABASE_URL
from crossfade_shared.errors import UserError

MADE_BY = "crossfade token"
_MOST_SHOWN = 1000

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Make, list and revoke tokens, on the controller's database itself.",
)


@app.command(name="create")
def create_token(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Whom it stands for: the author of what is done with it.")
    ],
    *,
    scope: Annotated[
        list[str],
        typer.Option(
            help="What it may do: viewer, evaluator, operator, approver, policy or admin; give several if need be."
        ),
    ],
    run: Annotated[str | None, typer.Option(help="The one run it may touch.", show_default="all")] = None,
    days: Annotated[float, typer.Option(help="How long it works.")] = DEFAULT_DAYS,
    database: DatabaseOption = DEFAULT_DATABASE_URL,
    as_json: AsJson = False,
) -> None:
    """Make a token and print its secret, this once."""
    try:
        asked = NewToken.model_validate({"name": name, "scopes": scope, "run": run, "expires_in_days": days})
    except ValidationError as error:
        first = error.errors()[0]
        field = field_of(first, first["loc"])
        raise UserError(detail_of(first, field), field=field) from None
    migrate(database)  # a controller for the public starts with a token, so the token may come first
    token = asyncio.run(_create(database, asked))
    typer.echo(token.model_dump_json(indent=2) if as_json else token.token)


@app.command(name="list")
def list_tokens(*, database: DatabaseOption = DEFAULT_DATABASE_URL, as_json: AsJson = False) -> None:
    """Show the newest tokens, without their secrets."""
    tokens = asyncio.run(_list(database))
    if as_json:
        typer.echo(TypeAdapter(list[TokenBody]).dump_json(tokens, indent=2).decode())
        return
    for token in tokens:
        reach = f"run {token.run}" if token.run else "all runs"
        typer.echo(f"{token.id:>4}  {token.name}  {','.join(token.scopes)}  {reach}  {_state(token)}")


@app.command(name="revoke")
def revoke_token(
    token_id: Annotated[
        int, typer.Argument(metavar="NUMBER", min=1, help="Its number, as `crossfade token list` shows it.")
    ],
    *,
    database: DatabaseOption = DEFAULT_DATABASE_URL,
    as_json: AsJson = False,
) -> None:
    """Make a token worthless: within a second, at every controller."""
    token = asyncio.run(_revoke(database, token_id))
    if as_json:
        return typer.echo(token.model_dump_json(indent=2))
    return typer.echo(f"token {token.id} ({token.name}) {_state(token)}", err=True)


async def _create(url: str, asked: NewToken) -> CreatedToken:
    async with opened(url) as database, database.write() as session:
        token, secret = await service.create(session, asked, by=MADE_BY)
        return CreatedToken.of(token, asked.run, token=secret)


async def _list(url: str) -> list[TokenBody]:
    async with opened(url) as database, database.read() as session:
        found = await repository.page(session, after_id=None, limit=_MOST_SHOWN)
        return [TokenBody.of(token, run) for token, run in found]


async def _revoke(url: str, token_id: int) -> TokenBody:
    async with opened(url) as database, database.write() as session:
        return TokenBody.of(*await service.revoke(session, token_id, by=MADE_BY))


def _state(token: TokenBody) -> str:
    if token.revoked_at:
        return f"revoked on {token.revoked_at:%Y-%m-%d}"
    return f"{'expired' if token.expires_at <= now() else 'expires'} on {token.expires_at:%Y-%m-%d}"
