"""`crossfade replay RUN.yaml`: recompute every batch from seed, shards and ledger, and compare the batch logs."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from crossfade_shared.errors import UserError
from crossfade_shared.ledger import Ledger
from crossfade_worker.batch_log import BatchLogFile, BatchRecord, batch_log_files, tokens_digest
from crossfade_worker.config import RunConfig, load_run_config
from crossfade_worker.data.reader import RowReader
from crossfade_worker.data.shards import open_corpus
from crossfade_worker.mixing.planner import Planner
from crossfade_worker.run_directory import RunDirectory

MAX_SHOWN = 20


@dataclass(frozen=True)
class Mismatch:
    """A logged batch that is not what the ledger gives."""

    step: int
    attempt: int
    rank: int
    fields: tuple[str, ...]
    """Fields of the `BatchRecord` that differ."""

    def __str__(self) -> str:
        return f"step {self.step}, attempt {self.attempt}, rank {self.rank}: {', '.join(self.fields)} differ"


@dataclass
class Replay:
    """What a replay found."""

    ledger: Ledger
    num_batches: int = 0
    """Global batches recomputed: distinct steps in the logs."""
    num_records: int = 0
    """Log lines compared: every rank of every attempt."""
    mismatches: list[Mismatch] = field(default_factory=list)
    sequences: dict[int, dict[str, int]] = field(default_factory=dict)
    """By step and source: sequences in the global batch."""


def replay_run(config: RunConfig) -> Replay:
    """Recompute every logged batch of a run from scratch; raises `UserError` if there is nothing to replay."""
    directory = RunDirectory(config.directory)
    ledger = directory.journal.read()
    logged = _records_by_step(batch_log_files(directory.batches))
    if ledger is None or not logged:
        raise UserError(f"{directory.path} holds no ledger or no batch logs; train the run first", field="directory")
    reader = RowReader(open_corpus(config.corpus), sequence_length=config.model.sequence_length)
    planner = Planner(reader.num_rows, seed=config.training.seed, batch_sequences=config.training.batch_sequences)
    found = Replay(ledger)
    for step in range(max(logged) + 1):
        entry = ledger.entry_at(step)
        plan = planner.next_plan(entry.mixture)
        if step not in logged:
            continue
        found.num_batches += 1
        counts = np.bincount(plan.sources, minlength=len(planner.sources)).tolist()
        found.sequences[step] = dict(zip(planner.sources, counts, strict=True))
        digest = plan.digest()
        for log, record in logged[step]:
            found.num_records += 1
            expected = BatchRecord(
                step=step,
                version=entry.version,
                mixture=entry.mixture.digest,
                plan=digest,
                tokens=tokens_digest(reader.read(plan.part(log.rank, log.world_size))),
            )
            if differing := tuple(_differing_fields(expected, record)):
                found.mismatches.append(Mismatch(step, log.attempt, log.rank, differing))
    return found


def _records_by_step(files: list[BatchLogFile]) -> dict[int, list[tuple[BatchLogFile, BatchRecord]]]:
    by_step: dict[int, list[tuple[BatchLogFile, BatchRecord]]] = defaultdict(list)
    for file in files:
        for record in file.records():
            by_step[record.step].append((file, record))
    return dict(by_step)


def _differing_fields(expected: BatchRecord, logged: BatchRecord) -> Iterator[str]:
    for name, value in vars(expected).items():
        if getattr(logged, name) != value:
            yield name


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def _replay(
    run_yaml: Annotated[Path, typer.Argument(help="The run's configuration.", metavar="RUN.yaml")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Prove that every batch a run drew follows from its ledger, or say where it does not (exit code 1)."""
    found = replay_run(load_run_config(run_yaml))
    if as_json:
        mismatches = [vars(mismatch) for mismatch in found.mismatches]
        typer.echo(json.dumps({"batches": found.num_batches, "records": found.num_records, "mismatches": mismatches}))
    else:
        typer.echo(
            f"{found.num_batches} batches replayed, {found.num_records} log lines compared, "
            f"{len(found.mismatches)} mismatches"
        )
        for mismatch in found.mismatches[:MAX_SHOWN]:
            typer.echo(str(mismatch))
    if found.mismatches:
        sys.exit(1)
