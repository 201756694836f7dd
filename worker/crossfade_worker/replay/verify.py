"""The proof: every batch recomputed and compared with what the ranks logged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crossfade_shared.errors import UserError
from crossfade_shared.ledger import Ledger, LedgerEntry
from crossfade_worker.config import RunConfig
from crossfade_worker.mixing.course import Course
from crossfade_worker.mixing.journal import Attempt
from crossfade_worker.mixing.planner import BatchPlan
from crossfade_worker.records.batch_log import BatchLogFile, BatchRecord, tokens_digest
from crossfade_worker.replay.history import History, open_history
from crossfade_worker.streaming.settings import StreamSettings, sequences_of_rank

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

    attempts: list[Attempt]
    num_batches: int = 0
    """Global batches recomputed; a step that was drawn again as it was counts once."""
    num_records: int = 0
    """Log lines compared: every rank of every attempt."""
    mismatches: list[Mismatch] = field(default_factory=list)
    sequences: dict[int, dict[str, int]] = field(default_factory=dict)
    """By step and source: sequences in the global batch, as the newest attempt drew it."""

    @property
    def ledger(self) -> Ledger:
        """The mixtures of the newest attempt."""
        return self.attempts[-1].course.ledger


def replay_run(config: RunConfig | StreamSettings, *, world_size: int = 1) -> Replay:
    """Recompute every logged batch of a run from scratch, as so many ranks draw it.

    Every attempt is held against the course that governed it. Raises `UserError` if there is nothing to replay, or so
    many ranks cannot share a batch.
    """
    history = open_history(config)
    sequences_of_rank(history.settings.batch_sequences, world_size, field="--world-size")
    found = Replay(history.attempts)
    for course, logs in history.by_course():
        _replay_course(found, history, course, _lines_by_step(logs), world_size)
    if not found.num_batches and not found.mismatches:
        raise UserError(f"{history.settings.directory} holds no batch logs; train the run first", field="directory")
    return found


def _lines_by_step(logs: list[BatchLogFile]) -> dict[int, LogLines]:
    """Read batch logs, of older attempts first."""
    by_step: dict[int, LogLines] = defaultdict(list)
    for log in logs:
        for record in log.records():
            by_step[record.step].append((log, record))
    return dict(by_step)


def _replay_course(
    found: Replay, history: History, course: Course, logged: dict[int, LogLines], world_size: int
) -> None:
    sources = sorted(history.reader.num_rows)
    until = max(logged, default=-1) + 1
    ranks = [history.walk(course).plans(until) for _ in range(world_size)]
    for steps in zip(*ranks, strict=True):
        step, entry, _ = steps[0]
        if lines := logged.pop(step, []):
            plan, tokens = _batch(history, [plan for _, _, plan in steps])
            found.num_batches += 1
            found.num_records += len(lines)
            counts = np.bincount(plan.sources, minlength=len(sources)).tolist()
            found.sequences[step] = dict(zip(sources, counts, strict=True))
            found.mismatches += _mismatches(step, entry, plan, tokens, lines)
    for step, lines in logged.items():
        found.mismatches += [Mismatch(step, log.attempt, log.rank, ("step",)) for log, _ in lines]


def _batch(history: History, plans: list[BatchPlan]) -> tuple[BatchPlan, NDArray[np.int64]]:
    """Put plan and tokens of a global batch together from the share that each rank's own planner gives it."""
    shares = [plan.part(rank, len(plans)) for rank, plan in enumerate(plans)]
    plan = BatchPlan(
        np.concatenate([share.sources for share in shares]), np.concatenate([share.rows for share in shares])
    )
    return plan, np.concatenate([history.reader.read(share) for share in shares])


def _mismatches(
    step: int, entry: LedgerEntry, plan: BatchPlan, tokens: NDArray[np.int64], lines: LogLines
) -> Iterator[Mismatch]:
    """Compare log lines with what the batch gives each rank."""
    for log, record in lines:
        size = len(tokens) // log.world_size
        expected = BatchRecord(
            step=step,
            version=entry.version,
            mixture=entry.mixture.digest,
            plan=plan.digest(),
            tokens=tokens_digest(tokens[log.rank * size : (log.rank + 1) * size]),
        )
        differing = tuple(name for name, value in vars(expected).items() if getattr(record, name) != value)
        if differing:
            yield Mismatch(step, log.attempt, log.rank, differing)
