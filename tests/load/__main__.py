"""`python -m tests.load`: put the load of many on one controller, and compare with what it must bear."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from tests.controller.served import Controller
from tests.load import dashboards, held, intake, reads, streams, versions
from tests.load.figures import Figure
from tests.load.place import place
from tests.load.soak import soak

MEASURES: dict[str, Callable[[Controller], Awaitable[list[Figure]]]] = {
    "reads": reads.measure,
    "streams": streams.measure,
    "versions": versions.measure,
    "held": held.measure,
    "intake": intake.measure,
    "dashboards": dashboards.measure,
}


def main(
    *,
    only: Annotated[
        list[str] | None, typer.Option(help=f"Any of {', '.join(MEASURES)}; all of them without it.")
    ] = None,
    database: Annotated[str, typer.Option(help="sqlite or postgresql.")] = "sqlite",
    soak_seconds: Annotated[float, typer.Option("--soak", help="Only a soak, of so many seconds.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a controller under load on this machine, the generator included."""
    figures: list[Figure] = []
    with place(database) as controller:
        if soak_seconds:
            figures += asyncio.run(soak(controller, seconds=soak_seconds))
        for name in [] if soak_seconds else only or MEASURES:
            typer.echo(f"measuring {name} …", err=True)
            figures += asyncio.run(MEASURES[name](controller))
    if as_json:
        typer.echo(json.dumps({figure.name: [figure.value, figure.unit, figure.verdict] for figure in figures}))
        return
    table = Table("figure", title=f"one controller on {database}")
    for column in ("measured", "must", "aim", ""):
        table.add_column(column, justify="right")
    for figure in figures:
        bound = figure.bound
        asked = ["", ""] if bound is None else [f"{bound.must:,.0f}", "" if bound.aim is None else f"{bound.aim:,.0f}"]
        table.add_row(figure.name, figure.shown, *asked, figure.verdict)
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
