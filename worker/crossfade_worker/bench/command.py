"""`crossfade bench`: what Crossfade costs on this machine."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from crossfade_worker.bench.machine import describe_machine
from crossfade_worker.bench.step import REFERENCE_STEP_SECONDS, ControlCost, measure_control

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Measure on this machine.")


@app.callback()
def _group() -> None:
    """Keep `step` a subcommand: more will stand beside it."""


@app.command()
def step(
    *,
    num_steps: Annotated[int, typer.Option("--steps", min=100, help="Steps for each number of ranks.")] = 520,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure what live control adds to a training step: agreement, ledger and reports, on 1, 2 and 4 ranks."""
    costs = [measure_control(ranks, num_steps=num_steps) for ranks in (1, 2, 4)]
    if as_json:
        typer.echo(json.dumps({"machine": describe_machine(), "control": [cost.to_json() for cost in costs]}))
    else:
        console = Console()
        console.print(_table(costs))
        console.print(describe_machine(), highlight=False)


def _table(costs: list[ControlCost]) -> Table:
    step_milliseconds = REFERENCE_STEP_SECONDS * 1e3
    table = Table("ranks", title=f"live control on rank 0, against a step of {step_milliseconds:.0f} ms")
    for column in ("median", "of a step", "99th percentile", "a change, median", "a change, most"):
        table.add_column(column, justify="right")
    for cost in costs:
        table.add_row(
            str(cost.ranks),
            f"{cost.quiet_median_microseconds:.0f} µs",
            f"{cost.share_of_step:.3%}",
            f"{cost.quiet_p99_microseconds:.0f} µs",
            f"{cost.change_median_microseconds:.0f} µs",
            f"{cost.change_max_microseconds:.0f} µs",
        )
    return table
