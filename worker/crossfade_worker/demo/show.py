"""The demo's result as a table for people."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from crossfade_worker.demo.result import BeforeAndAfter, DemoResult


def show_result(result: DemoResult, console: Console) -> None:
    """Print the table of sources, the changes and the verdict of the replay."""
    table = Table(
        "source", title=f"{result.run}: {result.steps} steps, {result.tokens:,} tokens, {result.ranks} rank(s)"
    )
    for column in ("asked for", "drawn", "training loss", "held-out bits/byte", "right of 4"):
        table.add_column(column, justify="right")
    for name, source in result.sources.items():
        table.add_row(
            name,
            _both(source.requested, "{:.1%}"),
            _both(source.realised, "{:.1%}"),
            _both(source.loss, "{:.2f}"),
            _both(source.bits_per_byte, "{:.2f}"),
            _scores(source.score, source.score_stderr),
        )
    console.print(table)
    console.print(
        "Left of each arrow: before the change; right: after it, learning-rate decay included. "
        "± is one standard error.",
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


def _both(pair: BeforeAndAfter, form: str) -> str:
    return " → ".join("-" if value is None else form.format(value) for value in (pair.before, pair.after))


def _scores(score: BeforeAndAfter, stderr: BeforeAndAfter) -> str:
    return " → ".join(
        "-" if value is None else f"{value:.2f}" + ("" if error is None else f" ± {error:.2f}")
        for value, error in ((score.before, stderr.before), (score.after, stderr.after))
    )
