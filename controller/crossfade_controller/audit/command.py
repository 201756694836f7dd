"""`crossfade audit`: is the audit as it was written."""

from __future__ import annotations

import asyncio
import json

import typer

from crossfade_controller.audit import repository
from crossfade_controller.audit.chain import breaks
from crossfade_controller.audit.models import AuditHead
from crossfade_controller.offline import AsJson, DatabaseOption, opened
from crossfade_controller.settings import DEFAULT_DATABASE_URL

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Check who did what.",
)


@app.callback()
def _root() -> None:
    """Hold the group together."""


@app.command()
def verify(*, database: DatabaseOption = DEFAULT_DATABASE_URL, as_json: AsJson = False) -> None:
    """Name every line of the audit that was altered, removed or inserted; exit code 1 if there is one."""
    found, end = asyncio.run(_verify(database))
    if as_json:
        known = {"num_lines": end.sequence, "last_hash": end.hash} if end else {}
        typer.echo(json.dumps({"is_sound": not found, "breaks": found, **known}, indent=2))
    elif end and not found:
        typer.echo(f"{end.sequence} lines, none altered, removed or inserted; the last hash is {end.hash}")
    else:
        typer.echo("\n".join(found))
    if found:
        raise typer.Exit(1)


async def _verify(url: str) -> tuple[list[str], AuditHead | None]:
    """Give a sentence for each break, and where the chain ends."""
    found: list[str] = []
    async with opened(url) as database, database.read() as session:
        end = await repository.head(session)
        if end is None:
            return ["the end of the chain is missing: the table audit_head is empty"], None
        lines = breaks(repository.all_lines(session), head_sequence=end.sequence, head_hash=end.hash)
        try:
            async for sentence in lines:
                found.append(sentence)  # noqa: PERF401 - what comes before an error is kept
        except ValueError as error:  # what the controller wrote can be read
            found.append(f"the lines cannot be read to their end, so one of them was altered: {error}")
        return found, end
