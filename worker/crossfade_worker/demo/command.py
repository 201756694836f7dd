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

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def _demo(
    *,
    ranks: Annotated[int, typer.Option(min=1, max=8, help="Training processes.")] = 1,
    steps: Annotated[int, typer.Option(min=50, help="Optimizer steps of a new run.")] = 500,
    directory: Annotated[Path, typer.Option(help="Where the demo keeps everything.")] = Path("runs/demo"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the newest run.")] = False,
    stay_open: Annotated[bool, typer.Option("--open", help="Keep the page running at the end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Train a small model on this machine, change its mixture while it trains, and prove what happened."""
    notes = Console(stderr=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        result = conduct_demo(
            DemoPlace(directory),
            steps=steps,
            ranks=ranks,
            resume=resume,
            stay_open=stay_open,
            console=notes,
            show=lambda result: show_result(result, notes if as_json else Console()),
        )
    except KeyboardInterrupt:
        notes.print("stopped; nothing is left running. Go on with: crossfade demo --resume", highlight=False)
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(result.to_json()))
    if result.replay["mismatches"]:
        raise typer.Exit(1)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
