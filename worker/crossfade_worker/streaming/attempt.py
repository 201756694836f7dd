"""An attempt begins: its course is written down, the ranks make sure that it is one, and the controller is told."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from crossfade_shared.envelope import MixtureEnvelope
from crossfade_shared.ledger import LedgerEntry
from crossfade_shared.telemetry import AttemptReport
from crossfade_worker.data.reader import RowReader
from crossfade_worker.data.shards import Corpus
from crossfade_worker.launch import SlurmLaunch
from crossfade_worker.leader import ask_leader
from crossfade_worker.mixing.agreement import Agreement
from crossfade_worker.mixing.course import Course
from crossfade_worker.mixing.exhaustion import Cap
from crossfade_worker.mixing.journal import Attempt
from crossfade_worker.mixing.walk import Supply
from crossfade_worker.records.run_record import RunRecord
from crossfade_worker.reporting.history import report_history
from crossfade_worker.reporting.link import Link
from crossfade_worker.streaming.beginning import Beginning
from crossfade_worker.streaming.settings import StreamSettings
from crossfade_worker.streaming.start import RunStart, first_entry
from crossfade_worker.world import Ranks


@dataclass(frozen=True, kw_only=True)
class StreamParts:
    """What an open stream is made of; `opened` closes it all."""

    settings: StreamSettings
    corpus: Corpus
    identity: dict[str, Any]
    ranks: Ranks
    reader: RowReader
    caps: Mapping[str, Cap]
    start: RunStart
    attempt: int
    link: Link
    record: RunRecord
    opened: ExitStack
    narrow: bool = False
    """Whether tokens are handed over as they are stored."""

    @property
    def supply(self) -> Supply:
        """What its batches are drawn from."""
        return Supply(self.reader.num_rows, self.settings.seed, self.settings.batch_sequences)


def begin_attempt(parts: StreamParts, beginning: Beginning, *, first_free_step: int) -> tuple[Course, Agreement]:
    """Write down where an attempt begins, on every rank alike, and give its course and who moves its ledger forward.

    Raises `UserError` on every rank if it cannot be written down: what could not be proved is not begun.
    """

    def newest() -> MixtureEnvelope | None:
        return _newest(parts, beginning) if parts.record.is_kept else None

    course = beginning.course
    if course is None:
        first = ask_leader(lambda: first_entry(parts.settings, newest()).to_json(), parts.ranks)
        course = Course.begin(LedgerEntry.from_json(first), parts.caps)
    launch = SlurmLaunch.of_this_process()
    attempt = Attempt(parts.attempt, beginning.step, beginning.rewound, course, launch)
    ask_leader(lambda: parts.record.begin(attempt), parts.ranks)
    agreement = Agreement(
        course.ledger,
        newest=newest,
        record=parts.record.add_version,
        tokens_per_step=parts.settings.tokens_per_step,
        first_free_step=first_free_step,
        group=parts.ranks.cpu_group,
    )
    agreement.check_ledgers()
    parts.link.report(
        _attempt_report(parts, beginning, total_steps=course.ledger.total_steps(parts.settings.total_steps))
    )
    report_history(parts.link, course.ledger, world_size=parts.ranks.size)
    return course, agreement


def _newest(parts: StreamParts, beginning: Beginning) -> MixtureEnvelope | None:
    """Give the newest version that rank 0 knows of: by way of Redis, or from the course that was left."""
    arrived, left = parts.link.newest(), beginning.newest_left
    if left is None or left.version == 0 or (arrived and arrived.version >= left.version):
        return arrived
    weights_ppm = dict(left.mixture.weights_ppm)
    tokens_per_step = parts.settings.tokens_per_step
    return MixtureEnvelope(
        run=parts.settings.run,
        version=left.version,
        weights_ppm=weights_ppm,
        digest=left.mixture.digest,
        decay_tokens=None if left.decay_steps is None else left.decay_steps * tokens_per_step,
    )


def _attempt_report(parts: StreamParts, beginning: Beginning, *, total_steps: int) -> AttemptReport:
    settings = parts.settings
    return AttemptReport(
        start_step=beginning.step,
        total_steps=total_steps,
        tokens_per_step=settings.tokens_per_step,
        world_size=parts.ranks.size,
        rewound=beginning.rewound,
        skipped_tokens={name: count * settings.sequence_length for name, count in beginning.skipped.items()},
    )
