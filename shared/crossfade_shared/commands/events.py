"""`crossfade events`: what happens to a run, as it happens."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated

import typer

from crossfade_shared.client.answers import Event
from crossfade_shared.commands.option_groups import Connection, grouped
from crossfade_shared.commands.printing import print_json_line

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
@grouped
def events(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's name.")],
    *,
    after: Annotated[int, typer.Option(min=0, help="Events after this id alone.")] = 0,
    follow: Annotated[bool, typer.Option(help="Go on with what comes, over lost connections, until Ctrl-C.")] = True,
    connection: Connection,
) -> None:
    """Print a run's events, one a line; with --json one JSON object a line."""
    with connection.open() as client:
        if not follow:
            return _print(client.events(run, after=after), as_json=connection.as_json)
        with client.follow(run, after=after) as stream:
            return _print(stream, as_json=connection.as_json)


def _print(events: Iterable[Event], *, as_json: bool) -> None:
    for event in events:
        if as_json:
            print_json_line(event)
            continue
        told = " ".join(f"{name}={json.dumps(value)}" for name, value in event["data"].items())
        typer.echo(f"{event['created_at'] or 'progress'}  {event['id'] or '-'}  {event['kind']}  {told}")
