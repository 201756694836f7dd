"""The demo's result as a table for people."""

from __future__ import annotations

from typing import Literal

from rich.console import Console
from rich.table import Table

from crossfade_worker.demo.result import DemoResult, SourceResult


def show_result(result: DemoResult, console: Console) -> None:
    """Print the table of sources, the changes and the verdict of the replay."""
    ranks = "1 rank" if result.ranks == 1 else f"{result.ranks} ranks"
    table = Table("source", title=f"{result.run}: {result.steps} steps, {result.tokens:,} tokens, {ranks}")
    table.add_column("change")
    for column in ("asked for", "drawn", "loss", "bits per byte", "right of 4"):
        table.add_column(column, justify="right")
    for name, source in result.sources.items():
        for side in ("before", "after"):
            table.add_row(name if side == "before" else "", side, *_figures(source, side), end_section=side == "after")
    console.print(table)
    console.print(
        "Loss is in nats a token, in training, over the last steps of each side. Bits per byte, and how often the true "
        "continuation was chosen among four, are measured on held-out documents; ± is one standard error. What comes "
        "after includes the learning-rate decay.",
        style="dim",
    )
    for change in result.changes:
        steps = ", ".join(f"rank {rank}: step {step}" for rank, step in sorted(change.effective_step.items()))
        console.print(f"mixture {change.version}: {steps or 'not applied by any rank'}", highlight=False)
    mismatches = result.replay["mismatches"]
    console.print(
        f"replay of the ledger: {result.replay['batches']} batches recomputed, {mismatches} differ from the batch logs",
        style="green" if mismatches == 0 else "bold red",
        highlight=False,
    )


def _figures(source: SourceResult, side: Literal["before", "after"]) -> list[str]:
    score, stderr = getattr(source.score, side), getattr(source.score_stderr, side)
    return [
        _number(getattr(source.requested, side), ".1%"),
        _number(getattr(source.realised, side), ".1%"),
        _number(getattr(source.loss, side), ".2f"),
        _number(getattr(source.bits_per_byte, side), ".2f"),
        _number(score, ".2f") + ("" if stderr is None else f" ± {stderr:.2f}"),
    ]


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
