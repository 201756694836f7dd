"""`crossfade bench`: what Crossfade costs on this machine."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from crossfade_worker.bench.loader import LoaderFigures, measure_loader
from crossfade_worker.bench.machine import describe_machine
from crossfade_worker.bench.step import REFERENCE_STEP_SECONDS, ControlCost, measure_control

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Measure on this machine.")


@app.callback()
def _group() -> None:
    """Hold the subcommands together."""


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


@app.command()
def loader(
    *,
    num_rounds: Annotated[int, typer.Option("--rounds", min=1, help="Rounds; medians are taken over them.")] = 9,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure batches of 8 rows of 2049 tokens from 8 sources: speed, fidelity, live changes, resume, memory."""
    figures = measure_loader(num_rounds=num_rounds)
    if as_json:
        typer.echo(json.dumps({"machine": describe_machine(), **figures.to_json()}))
    else:
        console = Console()
        console.print(_loader_table(figures))
        console.print(describe_machine(), highlight=False)


def _loader_table(figures: LoaderFigures) -> Table:
    speed, change, start = figures.speed, figures.change, figures.start
    table = Table("figure", title="the loader: batches of 8 × 2049 int64 from 8 sources, one process")
    table.add_column("measured", justify="right")
    for name, measured in {
        "tokens a second, planning included": f"{speed.tokens_per_second / 1e6:.0f} million",
        "ratio to a plain numpy loop": f"{speed.ratio_to_numpy:.2f}",
        "ratio to memcpy of the same bytes": f"{speed.ratio_to_memcpy:.2f}",
        "ratio to numpy, steps of a single batch": f"{speed.single_batches_ratio_to_numpy:.2f}",
        "ratio to numpy, uint16 handed over": f"{speed.narrow_ratio_to_numpy:.2f}",
        **{
            f"fidelity error at n = {n}": f"{error:.2f} sequences"
            for n, error in figures.fidelity_error_sequences.items()
        },
        f"stale batches, {change.num_changes} live changes": str(change.stale_batches),
        "rows repeated, skipped": f"{change.repeated_rows}, {change.skipped_rows}",
        "cost of a change": f"{change.change_milliseconds:.3f} ms",
        "first batch": f"{start.first_batch_seconds * 1e3:.1f} ms",
        "resume": f"{start.resume_seconds * 1e3:.1f} ms, {'identical' if start.resume_identical else 'NOT identical'}",
        "state": f"{start.state_bytes} bytes",
        "peak memory": f"{figures.peak_rss_bytes / 1e6:.0f} MB",
    }.items():
        table.add_row(name, measured)
    return table


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
