"""The proof: every batch recomputed and compared with what the ranks logged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from crossfade_shared.errors import UserError
from crossfade_shared.ledger import Ledger
from crossfade_worker.batch_log import BatchLogFile, BatchRecord, batch_log_files, tokens_digest
from crossfade_worker.config import RunConfig
from crossfade_worker.data.reader import RowReader
from crossfade_worker.mixing.planner import BatchPlan
from crossfade_worker.replay.course import open_course
from crossfade_worker.run_directory import RunDirectory
from crossfade_worker.stream_settings import StreamSettings

LogLines = list[tuple[BatchLogFile, BatchRecord]]


@dataclass(frozen=True)
class Mismatch:
    """A logged batch that is not what the ledger gives."""

    step: int
    attempt: int
    rank: int
    fields: tuple[str, ...]
    """Fields of the `BatchRecord` that differ; `step` itself where the data end before it."""

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


def replay_run(config: RunConfig | StreamSettings) -> Replay:
    """Recompute every logged batch of a run from scratch; raises `UserError` if there is nothing to replay."""
    course = open_course(config)
    logged = logged_by_step(course.settings)
    found = Replay(course.ledger)
    sources = sorted(course.reader.num_rows)
    for step, entry, plan in course.batches(max(logged) + 1):
        if lines := logged.pop(step, []):
            found.num_batches += 1
            found.num_records += len(lines)
            counts = np.bincount(plan.sources, minlength=len(sources)).tolist()
            found.sequences[step] = dict(zip(sources, counts, strict=True))
            whole = BatchRecord(step, entry.version, entry.mixture.digest, plan.digest(), tokens="")
            found.mismatches += _mismatches(whole, plan, lines, course.reader)
    for step, lines in logged.items():
        found.mismatches += [Mismatch(step, log.attempt, log.rank, ("step",)) for log, _ in lines]
    return found


def logged_by_step(settings: StreamSettings) -> dict[int, LogLines]:
    """Read the batch logs of all ranks and attempts of a run; raises `UserError` if there are none."""
    directory = RunDirectory(settings.directory)
    by_step: dict[int, LogLines] = defaultdict(list)
    for file in batch_log_files(directory.batches):
        for record in file.records():
            by_step[record.step].append((file, record))
    if not by_step:
        raise UserError(f"{directory.path} holds no batch logs; train the run first", field="directory")
    return dict(by_step)


def _mismatches(whole: BatchRecord, plan: BatchPlan, lines: LogLines, reader: RowReader) -> Iterator[Mismatch]:
    """Compare log lines with what the plan gives each rank; `whole` lacks the tokens alone, which differ by rank."""
    for log, record in lines:
        expected = replace(whole, tokens=tokens_digest(reader.read(plan.part(log.rank, log.world_size))))
        if differing := tuple(_differing_fields(expected, record)):
            yield Mismatch(whole.step, log.attempt, log.rank, differing)


def _differing_fields(expected: BatchRecord, logged: BatchRecord) -> Iterator[str]:
    for name, value in vars(expected).items():
        if getattr(logged, name) != value:
            yield name
