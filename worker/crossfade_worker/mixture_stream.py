"""The stream of batches under a live mixture: agreement, plan, tokens, proof and reports, step by step."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from copy import copy
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np

from crossfade_shared.envelope import MixtureEnvelope
from crossfade_shared.errors import UserError
from crossfade_shared.ledger import Ledger, LedgerEntry
from crossfade_shared.phases import Anneal, PhaseName
from crossfade_shared.telemetry import AttemptReport, RefusedReport, Report, StepReport
from crossfade_worker.batch_log import BatchLog
from crossfade_worker.data.batches import BatchReader
from crossfade_worker.data.reader import RowReader
from crossfade_worker.data.shards import Corpus
from crossfade_worker.leader import ask_leader
from crossfade_worker.link import Link
from crossfade_worker.mixing.agreement import Agreement
from crossfade_worker.mixing.cap_watch import CapWatch
from crossfade_worker.mixing.exhaustion import EndOfData
from crossfade_worker.mixing.exposure import Exposure
from crossfade_worker.mixing.planner import Planner, PlannerState
from crossfade_worker.reporting import applied_report, report_history, step_report
from crossfade_worker.run_directory import RunDirectory
from crossfade_worker.run_record import RunRecord
from crossfade_worker.start import RunStart, check_identity, first_entry, join_histories
from crossfade_worker.step_batch import StepBatch
from crossfade_worker.stream_settings import StreamSettings
from crossfade_worker.stream_state import StreamState
from crossfade_worker.world import Ranks


@dataclass(frozen=True)
class _Drawn:
    """A step that was drawn and not yet trained on."""

    batch: StepBatch
    planner: PlannerState
    """As it is after this step."""
    drawn_at: float


class MixtureStream:
    """Gives every rank its part of each step's batch; made by `open_stream`, closed by `close` or a `with` block.

    Iterate on every rank alike: between two batches the ranks agree which mixture governs the next one. A trainer may
    draw ahead of what it trained on. A batch once drawn keeps its version; a new one takes effect at a later step
    that no rank has drawn, and `state_dict` tells the state after the last step that `step_ended` was told of.
    """

    def __init__(
        self,
        settings: StreamSettings,
        corpus: Corpus,
        *,
        identity: dict[str, Any],
        ranks: Ranks,
        reader: RowReader,
        planner: Planner,
        exposure: Exposure,
        cap_watch: CapWatch,
        start: RunStart,
        link: Link,
        batch_log: BatchLog,
        opened: ExitStack,
    ) -> None:
        self.settings = settings
        self.corpus = corpus
        self.directory = RunDirectory(settings.directory)
        self._identity = identity
        self._ranks = ranks
        self._reader = BatchReader(reader, max_rows=settings.batch_sequences // ranks.size)
        self._planner = planner
        self._exposure = exposure
        self._cap_watch = cap_watch
        self._start = start
        self._link = link
        self._record = RunRecord(
            self.directory,
            batch_log,
            on_failure=lambda why: link.report(RefusedReport(why=why)),
        )
        self._opened = opened
        self._ledger = start.ledger
        self._agreement: Agreement | None = None
        self._next_step = 0
        self._drawn: deque[_Drawn] = deque()
        self._num_trained = 0
        self._trained_planner = planner.state
        self._latest_end = 0.0
        self._stopping = False
        self.end_of_data: EndOfData | None = None
        """Why no further batch can be drawn, once that is so."""

    @property
    def num_trained_steps(self) -> int:
        """Optimizer steps trained on, over the whole run."""
        return self._num_trained

    @property
    def anneal(self) -> Anneal | None:
        """The decay of the learning rate that a version began, if one did; the same on every rank at every step."""
        return self._ledger.anneal if self._ledger else None

    @property
    def total_steps(self) -> int:
        """The steps of the whole run: those of the settings, or fewer where a decay that was asked for ends it."""
        planned = self.settings.total_steps
        return min(planned, self.anneal.begin_step + self.anneal.num_steps) if self.anneal else planned

    @property
    def state(self) -> StreamState:
        """Where the stream stands after the last step that was trained on."""
        if self._ledger is None:
            raise UserError("the stream has no state before its first batch; take one, or load a state")
        return StreamState(
            step=self._num_trained,
            tokens=self._num_trained * self.settings.tokens_per_step,
            ledger=self._ledger,
            planner=self._trained_planner,
            identity=self._identity,
        )

    @property
    def source_epochs(self) -> dict[str, float]:
        """Epochs trained on by source, over the whole run."""
        return self._exposure.epochs(self._trained_planner)

    def state_dict(self) -> dict[str, Any]:
        """Give, as plain JSON values, all that a checkpoint needs: equal on every rank, growing by versions only."""
        return self.state.to_json()

    def load_state_dict(self, values: Mapping[str, Any]) -> None:
        """Go on from a state; to be called on every rank, before the first batch.

        Raises `UserError` if it is damaged, of other sources or settings, or of another history than the run's folder.
        """
        try:
            state = StreamState.from_json(values)
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"this is no state of a stream ({error}); load what `state_dict` gave") from error
        self.load_state(state, origin="the checkpoint")

    def load_state(self, state: StreamState, *, origin: str) -> None:
        """Go on from a state that was read already; `origin` names it in errors. As `load_state_dict`."""
        if self._agreement is not None:
            raise UserError("load the state of a stream before its first batch")
        check_identity(state.identity, self._identity, origin=origin)
        ledger = join_histories(self._ledger, state.ledger, journal=self.directory.journal.path, origin=origin)
        num_written = len(self._ledger or ())

        def complete_journal() -> None:
            for entry in list(ledger)[num_written:]:
                self._record.add_version(entry)

        ask_leader(complete_journal, self._ranks)
        self._ledger = ledger
        self._next_step = self._num_trained = state.step
        self._planner.state = self._trained_planner = state.planner

    def stop(self) -> None:
        """End the stream on every rank at a step that none has drawn; counts on rank 0 alone."""
        self._stopping = True

    def report(self, report: Report) -> None:
        """Hand over a report for the controller; never waits."""
        self._link.report(report)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StepBatch:
        """Draw the next step's batch, on every rank alike."""
        agreement = self._agreement or self._begin()
        step = self._next_step
        if step >= self.total_steps or self.end_of_data:
            raise StopIteration
        decision = agreement.conclude(step)
        if decision.stop:
            raise StopIteration
        if decision.adoption:
            self._link.report(applied_report(decision.adoption))
        if step + 1 < self.total_steps:
            self._announce(agreement, step + 1)
        entry = agreement.ledger.entry_at(step)
        for news in self._cap_watch.before(step, entry):
            self._link.report(news)
        try:
            return self._draw(entry)
        except EndOfData as end:  # the same on every rank: all of them plan alike
            self.end_of_data = end
            self._link.report(self._cap_watch.exhausted(step, entry, end.sources, ends_run=True))
            raise StopIteration from end

    def step_ended(
        self,
        *,
        loss: float | None = None,
        source_losses: Mapping[str, float] | None = None,
        learning_rate: float | None = None,
        gradient_norm: float | None = None,
        phase: PhaseName = "stable",
    ) -> StepReport:
        """Say that the oldest batch drawn is trained on, and report it; losses are mean nats a token over all ranks."""
        if not self._drawn:
            raise UserError("a step ended that was not drawn; call step_ended once for every batch of the stream")
        drawn = self._drawn.popleft()
        now = time.perf_counter()
        report = step_report(
            step=drawn.batch.step,
            version=drawn.batch.version,
            source_tokens=self._exposure.tokens(drawn.planner),
            phase=phase,
            loss=loss,
            source_losses=source_losses or {},
            learning_rate=learning_rate,
            gradient_norm=gradient_norm,
            seconds=now - max(drawn.drawn_at, self._latest_end),
        )
        self._link.report(report)
        self._num_trained, self._trained_planner, self._latest_end = drawn.batch.step + 1, drawn.planner, now
        return report

    def close(self) -> None:
        """End the threads and release the folder; call it on every rank."""
        if self._agreement is not None:
            self._agreement.finish()
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:  # other ranks may never come to the announcement under way: do not wait for it
            self._opened.close()

    def _begin(self) -> Agreement:
        """Take the ledger up, say where this attempt begins, and announce its first step."""
        if self._ledger is None:
            self._ledger = Ledger([LedgerEntry.from_json(ask_leader(self._first_version, self._ranks))])
        self._agreement = Agreement(
            self._ledger,
            newest=self._newest,
            record=self._record.add_version,
            tokens_per_step=self.settings.tokens_per_step,
            first_free_step=self._first_free_step(self._ledger),
            group=self._ranks.cpu_group,
        )
        self._agreement.check_ledgers()
        self._link.report(
            AttemptReport(
                start_step=self._next_step,
                total_steps=self.total_steps,
                tokens_per_step=self.settings.tokens_per_step,
                world_size=self._ranks.size,
            )
        )
        report_history(self._link, self._ledger, world_size=self._ranks.size)
        if self._next_step < self.total_steps:
            self._announce(self._agreement, self._next_step)
        return self._agreement

    def _first_version(self) -> dict[str, Any]:
        entry = first_entry(self.settings, self._newest())
        self._record.add_version(entry)
        return entry.to_json()

    def _first_free_step(self, ledger: Ledger) -> int:
        """Give the first step that no earlier attempt can have drawn: where the data end, that is the next one."""
        if self._planner.has_batch(ledger.mixture_at(self._next_step)):
            return self._start.first_free_step
        return self._next_step

    def _announce(self, agreement: Agreement, step: int) -> None:
        try:
            agreement.announce(step, stop=self._stopping)
        except OSError:  # the journal could not take the new version, so nobody is told of it
            agreement.announce(step, stop=self._stopping)

    def _newest(self) -> MixtureEnvelope | None:
        return self._link.newest() if self._record.is_kept else None

    def _draw(self, entry: LedgerEntry) -> StepBatch:
        """Plan, read and log the next step."""
        drawn_at = time.perf_counter()
        plan = self._planner.next_plan(entry.mixture)
        rows = self._reader.read(plan.part(self._ranks.rank, self._ranks.size))
        counts = np.bincount(plan.sources, minlength=len(self._planner.sources)).tolist()
        batch = StepBatch(self._next_step, entry.version, rows, dict(zip(self._planner.sources, counts, strict=True)))
        self._record.add_batch(batch, entry, plan)
        self._drawn.append(_Drawn(batch, self._planner.state, drawn_at))
        self._next_step += 1
        self._read_ahead(entry)
        return batch

    def _read_ahead(self, entry: LedgerEntry) -> None:
        """Have the rows read ahead that come next if the mixture stays; if not, a wasted read is all it costs."""
        if self._next_step < self.total_steps:
            with suppress(EndOfData):  # the next step will tell it
                probable = copy(self._planner).next_plan(entry.mixture)
                self._reader.will_need(probable.part(self._ranks.rank, self._ranks.size))
