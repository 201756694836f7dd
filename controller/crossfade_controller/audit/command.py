"""`crossfade audit`: is the audit as it was written."""

from __future__ import annotations

import asyncio

import typer

from crossfade_controller.audit import repository
from crossfade_controller.audit.chain import breaks
from crossfade_controller.audit.models import AuditHead
from crossfade_controller.offline import DatabaseOption, opened
from crossfade_controller.settings import DEFAULT_DATABASE_URL

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="Check who did what."
)


@app.callback()
def _root() -> None:
    """Hold the group together."""


@app.command()
def verify(*, database: DatabaseOption = DEFAULT_DATABASE_URL) -> None:
    """Name every line of the audit that was altered, removed or inserted; exit code 1 if there is one."""
    found, end = asyncio.run(_verify(database))
    for sentence in found:
        typer.echo(sentence)
    if found:
        raise typer.Exit(1)
    typer.echo(f"{end.sequence} lines, none altered, removed or inserted; the last hash is {end.hash}")


async def _verify(url: str) -> tuple[list[str], AuditHead]:
    async with opened(url) as database, database.read() as session:
        end = await repository.head(session)
        lines = breaks(repository.all_lines(session), head_sequence=end.sequence, head_hash=end.hash)
        return [sentence async for sentence in lines], end
