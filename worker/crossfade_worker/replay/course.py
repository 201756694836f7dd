"""A run's course: every global batch from the first one on, computed from what determines it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crossfade_shared.errors import UserError
from crossfade_shared.ledger import Ledger, LedgerEntry
from crossfade_worker.config import RunConfig
from crossfade_worker.data.reader import RowReader
from crossfade_worker.data.shards import Corpus, open_corpus
from crossfade_worker.mixing.epochs import caps_in_rows
from crossfade_worker.mixing.exhaustion import EndOfData
from crossfade_worker.mixing.planner import BatchPlan, Planner
from crossfade_worker.run_directory import RunDirectory
from crossfade_worker.stream_settings import StreamSettings

_STEPS_AT_ONCE = 64


@dataclass(frozen=True)
class Course:
    """What determines a run's batches."""

    settings: StreamSettings
    corpus: Corpus
    reader: RowReader
    ledger: Ledger

    def planner(self) -> Planner:
        """Give a planner that stands before the first step."""
        num_rows = self.reader.num_rows
        caps = caps_in_rows(self.settings.epochs, num_rows)
        return Planner(num_rows, seed=self.settings.seed, batch_sequences=self.settings.batch_sequences, caps=caps)

    def batches(self, num_steps: int) -> Iterator[tuple[int, LedgerEntry, BatchPlan]]:
        """Give step, ledger entry and plan of the first steps, or of as many as there are data for."""
        planner, step = self.planner(), 0
        while step < num_steps:
            entry = self.ledger.entry_at(step)
            later = (other.effective_step for other in self.ledger if other.effective_step > step)
            until = min([num_steps, step + _STEPS_AT_ONCE, *later])
            try:
                plans = planner.next_plans(entry.mixture, until - step)
            except EndOfData:
                return
            for plan in plans:
                yield step, entry, plan
                step += 1

    def plan_of(self, step: int) -> BatchPlan:
        """Give the plan of one step; raises `UserError` if the data end before it."""
        for number, _, plan in self.batches(step + 1):
            if number == step:
                return plan
        raise UserError(f"the data end before step {step}", field="step")


def open_course(config: RunConfig | StreamSettings) -> Course:
    """Open a run's sources and its ledger; raises `UserError` if the run never began."""
    settings = config.stream_settings() if isinstance(config, RunConfig) else config
    directory = RunDirectory(settings.directory)
    ledger = directory.journal.read()
    if ledger is None:
        raise UserError(f"{directory.path} holds no ledger; train the run first", field="directory")
    corpus = open_corpus(settings.corpus)
    reader = RowReader(corpus, sequence_length=settings.sequence_length)
    return Course(settings, corpus, reader, ledger)
