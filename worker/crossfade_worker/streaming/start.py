"""What earlier attempts left in a run's folder, and how an attempt goes on from there or goes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Self

from crossfade_shared.envelope import MixtureEnvelope
from crossfade_shared.ledger import LedgerEntry
from crossfade_shared.mixture import Mixture
from crossfade_worker.leader import ask_leader
from crossfade_worker.mixing.course import Course
from crossfade_worker.records.batch_log import batch_log_files
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.streaming.identity import hold_against
from crossfade_worker.streaming.settings import StreamSettings
from crossfade_worker.world import Ranks

_STEPS_AHEAD = 2  # rank 0 may have logged step s while another rank had drawn s + 1 already


@dataclass(frozen=True)
class RunStart:
    """What earlier attempts left behind; the same on every rank."""

    attempt: int
    first_free_step: int
    """First step that no earlier attempt on the present course can have drawn: no new version takes effect before."""
    course: Course | None
    """As the journal has it; None for a run that never began."""

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {**vars(self), "course": self.course.to_json() if self.course else None}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        course = Course.from_json(values["course"]) if values["course"] else None
        return cls(values["attempt"], values["first_free_step"], course)


@contextmanager
def claim_run(directory: RunDirectory, identity: Mapping[str, Any], ranks: Ranks) -> Iterator[RunStart]:
    """Hold the run's folder and give every rank the same start; rank 0 alone looks at the folder.

    Raises `UserError` on every rank alike, so that none is left waiting for another.
    """
    with ExitStack() as lock:

        def claim() -> dict[str, Any]:
            lock.enter_context(directory.locked())
            directory.journal.repair()
            return find_start(directory, identity).to_json()

        yield RunStart.from_json(ask_leader(claim, ranks))


def find_start(directory: RunDirectory, identity: Mapping[str, Any]) -> RunStart:
    """Look through a run's folder for what earlier attempts left.

    Raises `UserError` if it cannot be read or if the run was made of something else than `identity`.
    """
    hold_against(directory.identity, identity)
    attempts, logs = directory.journal.attempts(), batch_log_files(directory.batches)
    first_on_course = max((attempt.number for attempt in attempts if attempt.rewound), default=0)
    last_steps = [log.last_step() for log in logs if log.rank == 0 and log.attempt >= first_on_course]
    numbers = [log.attempt for log in logs] + [attempt.number for attempt in attempts]
    return RunStart(
        attempt=max(numbers, default=0) + 1,
        first_free_step=max((step + _STEPS_AHEAD for step in last_steps if step is not None), default=0),
        course=attempts[-1].course if attempts else None,
    )


def first_entry(settings: StreamSettings, newest: MixtureEnvelope | None) -> LedgerEntry:
    """Begin a run's history: under the newest version that is due at once, else under the configured mixture."""
    if newest is not None and newest.earliest_step(settings.tokens_per_step) == 0:
        return LedgerEntry(newest.version, 0, newest.mixture, newest.decay_steps(settings.tokens_per_step))
    return LedgerEntry(0, 0, Mixture.from_weights(settings.mixture))
