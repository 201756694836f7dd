"""`crossfade demo`."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossfade_worker.demo.conduct import conduct_demo
from crossfade_worker.demo.place import DemoPlace
from crossfade_worker.demo.show import show_result

DEFAULT_DIRECTORY = Path("runs/demo")
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def _demo(
    *,
    ranks: Annotated[int, typer.Option(min=1, max=8, help="Training processes.")] = 1,
    steps: Annotated[int, typer.Option(min=50, help="Optimizer steps of a new run.")] = 500,
    directory: Annotated[Path, typer.Option(help="Where the demo keeps everything.")] = DEFAULT_DIRECTORY,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the newest run.")] = False,
    stay_open: Annotated[bool, typer.Option("--open", help="Keep the page running at the end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Train a small model on this machine, change its mixture while it trains, and prove what happened."""
    notes = Console(stderr=True)
    for number in _INTERRUPTIONS:
        signal.signal(number, _interrupt)
    place = DemoPlace(directory)
    try:
        with place.locked():
            result = conduct_demo(
                place,
                steps=steps,
                ranks=ranks,
                resume=resume,
                stay_open=stay_open,
                console=notes,
                show=lambda result: show_result(result, notes if as_json else Console()),
            )
    except KeyboardInterrupt:
        again = "crossfade demo --resume" + (f" --ranks {ranks}" if ranks > 1 else "")
        again += f" --directory {directory}" if directory != DEFAULT_DIRECTORY else ""
        notes.print(f"stopped; nothing is left running. Go on with: {again}", highlight=False, soft_wrap=True)
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(result.to_json()))
    if result.replay["mismatches"]:
        raise typer.Exit(1)


def _interrupt(_number: int, _frame: object) -> None:
    """Stop in order.

    A second signal is heard too: Python drops what is raised while it forks, and children that an interrupted stop
    leaves behind end with this process.
    """
    raise KeyboardInterrupt
