"""`crossfade replay RUN.yaml`: prove a run's batches, or look into one of them."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from crossfade_shared.errors import UserError
from crossfade_worker.mixing.journal import Attempt
from crossfade_worker.replay.documents import DocumentPart, documents_of_step
from crossfade_worker.replay.from_scratch import SecondOpinion, replay_from_scratch
from crossfade_worker.replay.settings import load_replayed
from crossfade_worker.replay.verify import Replay, replay_run

MAX_SHOWN = 20

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def _replay(
    run_yaml: Annotated[Path, typer.Argument(help="The run's configuration.", metavar="RUN.yaml")],
    *,
    verify: Annotated[bool, typer.Option("--verify", help="Recompute and compare every batch (the default).")] = False,
    step: Annotated[int | None, typer.Option(min=0, help="Show the documents of this step instead.")] = None,
    attempt: Annotated[
        int | None, typer.Option(min=1, help="With --step: as this attempt drew it, not the newest one.")
    ] = None,
    from_scratch: Annotated[
        bool,
        typer.Option("--from-scratch", help="Let another process draw it for another number of ranks, and compare."),
    ] = False,
    world_size: Annotated[int, typer.Option(min=1, help="Number of ranks for --from-scratch.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Prove that every batch a run drew follows from its ledger, or say where it does not (exit code 1)."""
    if verify + from_scratch + (step is not None) > 1:
        raise UserError("--verify, --step and --from-scratch are three answers; ask for one at a time", field="step")
    if step is not None:
        _show_documents(step, documents_of_step(load_replayed(run_yaml), step, attempt=attempt), as_json=as_json)
    elif from_scratch:
        _show_second_opinion(replay_from_scratch(run_yaml, world_size=world_size), as_json=as_json)
    else:
        _show_replay(replay_run(load_replayed(run_yaml)), as_json=as_json)


def _show_replay(found: Replay, *, as_json: bool) -> None:
    if as_json:
        mismatches = [vars(mismatch) for mismatch in found.mismatches]
        typer.echo(json.dumps({"batches": found.num_batches, "records": found.num_records, "mismatches": mismatches}))
    else:
        typer.echo(
            f"{found.num_batches} batches replayed, {found.num_records} log lines compared, "
            f"{len(found.mismatches)} mismatches"
        )
        for attempt in found.attempts:
            if attempt.rewound:
                typer.echo(_describe_rewind(attempt))
        for mismatch in found.mismatches[:MAX_SHOWN]:
            typer.echo(str(mismatch))
    if found.mismatches:
        sys.exit(1)


def _describe_rewind(attempt: Attempt) -> str:
    turns = (turn for turn in attempt.course.turns if turn.step == attempt.start_step)
    skipped = ", ".join(f"{count} of {name}" for turn in turns for name, count in sorted(turn.skipped.items()))
    return f"attempt {attempt.number} went back to step {attempt.start_step}" + (
        f" and skipped sequences: {skipped}" if skipped else ""
    )


def _show_second_opinion(opinion: SecondOpinion, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(opinion)))
    else:
        typer.echo(
            f"{opinion.num_batches} batches drawn by another process for {opinion.world_size} ranks, "
            f"{len(opinion.differing_steps)} differ from the batch logs"
        )
        for step in opinion.differing_steps[:MAX_SHOWN]:
            typer.echo(f"step {step}: another batch")
    if opinion.differing_steps:
        sys.exit(1)


def _show_documents(step: int, parts: list[DocumentPart], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"step": step, "documents": [asdict(part) for part in parts]}))
        return
    for (rank, source, row), in_row in groupby(parts, key=lambda part: (part.rank, part.source, part.row)):
        typer.echo(f"rank {rank}  {source}  row {row}")
        for part in in_row:
            last = part.first_token + part.num_tokens - 1
            typer.echo(f"  document {part.document}, tokens {part.first_token} to {last}")
            typer.echo("".join(f"    {line}\n" for line in part.text.splitlines()).rstrip("\n"))
