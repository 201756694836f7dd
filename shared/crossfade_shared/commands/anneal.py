"""`crossfade anneal`: begin the decay of the learning rate, with a mixture of its own if need be."""

from __future__ import annotations

from typing import Annotated

import typer

from crossfade_shared.client import Change
from crossfade_shared.commands.assignments import read_numbers
from crossfade_shared.commands.option_groups import Connection, grouped
from crossfade_shared.commands.steering import Steering, steer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
@grouped
def anneal(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's name.")],
    numbers: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE=NUMBER", help="The mixture of the decay; else the current one stays."),
    ] = None,
    *,
    share: Annotated[float | None, typer.Option(help="Over this share of the run's horizon, for example 0.1.")] = None,
    tokens: Annotated[int | None, typer.Option(help="Over so many tokens.")] = None,
    reason: Annotated[str, typer.Option(help="Why; the history keeps it.")],
    steering: Steering,
    connection: Connection,
) -> None:
    """Let the learning rate fall to zero over a share of the horizon or a token count; the run ends with it."""
    weights = read_numbers(numbers) if numbers else None
    change = Change.anneal(tokens=tokens, share=share, weights=weights, reason=reason, **steering.options())
    steer(run, lambda _current: change, steering, connection)
