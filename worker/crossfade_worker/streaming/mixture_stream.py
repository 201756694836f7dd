"""The stream of batches under a live mixture: what a trainer iterates over, step by step."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Self

from crossfade_shared.errors import UserError
from crossfade_shared.ledger import LedgerEntry
from crossfade_shared.phases import Anneal, PhaseName
from crossfade_shared.telemetry import Report, StepReport
from crossfade_worker.data.batches import BatchReader
from crossfade_worker.mixing.agreement import Agreement
from crossfade_worker.mixing.course import Course
from crossfade_worker.mixing.exhaustion import EndOfData
from crossfade_worker.mixing.planner import BatchPlan
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.reporting.history import applied_report
from crossfade_worker.streaming.attempt import StreamParts, begin_attempt
from crossfade_worker.streaming.beginning import Rewind, from_nothing, new_run, resumed, rewound
from crossfade_worker.streaming.drawing import Drawing
from crossfade_worker.streaming.identity import check_identity
from crossfade_worker.streaming.standing import Standing
from crossfade_worker.streaming.state import StreamState
from crossfade_worker.streaming.step_batch import StepBatch


class MixtureStream:
    """Gives every rank its part of each step's batch; made by `open_stream`, closed by `close` or a `with` block.

    Iterate on every rank alike: between two batches the ranks agree which mixture governs the next one. A trainer may
    draw ahead of what it trained on. A batch once drawn keeps its version; a new one takes effect at a later step
    that no rank has drawn, and `state_dict` tells the state after the last step that `step_ended` was told of.
    """

    def __init__(self, parts: StreamParts) -> None:
        self.settings = parts.settings
        self.corpus = parts.corpus
        self.directory = RunDirectory(parts.settings.directory)
        self.attempt = parts.attempt
        """Number of this attempt at the run, from 1."""
        self.end_of_data: EndOfData | None = None
        """Why no further batch can be drawn, once that is so."""
        self._parts = parts
        max_rows = self.settings.batch_sequences // parts.ranks.size
        reader = BatchReader(parts.reader, max_rows=max_rows, narrow=parts.narrow)
        self._drawing = Drawing(reader, parts.record, parts.ranks)
        self._at = Standing.at(new_run(parts.start, supply=parts.supply), parts)
        self._course: Course | None = None
        self._agreement: Agreement | None = None
        self._stopping = False

    @property
    def num_trained_steps(self) -> int:
        """Optimizer steps trained on, over the whole run."""
        return self._at.trained.count

    @property
    def anneal(self) -> Anneal | None:
        """The decay of the learning rate that a version began, if one did; the same on every rank at every step."""
        return self._course.ledger.anneal if self._course else None

    @property
    def total_steps(self) -> int:
        """The steps of the whole run: those of the settings, or fewer where a decay that was asked for ends it."""
        planned = self.settings.total_steps
        return self._course.ledger.total_steps(planned) if self._course else planned

    @property
    def source_epochs(self) -> dict[str, float]:
        """Epochs trained on by source, over the whole run."""
        return self._at.trained.source_epochs

    @property
    def state(self) -> StreamState:
        """Where the stream stands after the last step that was trained on."""
        if self._course is None:
            raise UserError("the stream has no state before its first batch; take one, or load a state")
        trained = self._at.trained
        tokens = trained.count * self.settings.tokens_per_step
        return StreamState(trained.count, tokens, self._course, trained.planner, self._parts.identity)

    def state_dict(self) -> dict[str, Any]:
        """Give, as plain JSON values, all that a checkpoint needs: equal on every rank, growing by versions only."""
        return self.state.to_json()

    def load_state_dict(self, values: Mapping[str, Any], *, rewind: Rewind | None = None) -> None:
        """Go on from a state, or with `rewind` go back to it; to be called on every rank, before the first batch.

        Raises `UserError` if it is damaged, of other sources or settings, or of another history than the run's folder.
        """
        try:
            state = StreamState.from_json(values)
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"this is no state of a stream ({error}); load what `state_dict` gave") from error
        self.load_state(state, origin="the checkpoint", rewind=rewind)

    def load_state(self, state: StreamState, *, origin: str, rewind: Rewind | None = None) -> None:
        """Take up a state that was read already; `origin` names it in errors. As `load_state_dict`."""
        if self._agreement is not None:
            raise UserError("load the state of a stream before its first batch")
        check_identity(state.identity, self._parts.identity, origin=origin)
        start, supply, caps = self._parts.start, self._parts.supply, self._parts.caps
        if rewind:
            beginning = rewound(start, state, rewind, supply=supply, caps=caps)
        else:
            journal = str(self.directory.journal.path)
            beginning = resumed(start, state, supply=supply, caps=caps, origin=origin, journal=journal)
        self._at = Standing.at(beginning, self._parts)
        self._course = beginning.course

    def stop(self) -> None:
        """End the stream on every rank at a step that none has drawn; counts on rank 0 alone."""
        self._stopping = True

    def report(self, report: Report) -> None:
        """Hand over a report for the controller; never waits."""
        self._parts.link.report(report)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StepBatch:
        """Draw the next step's batch, on every rank alike."""
        agreement = self._agreement or self._begin()
        step = self._at.next_step
        if step >= self.total_steps or self.end_of_data:
            raise StopIteration
        decision = agreement.conclude(step)
        if decision.stop:
            raise StopIteration
        if decision.adoption:
            self.report(applied_report(decision.adoption))
        drawn_at, entry = time.perf_counter(), agreement.ledger.entry_at(step)
        plan = self._plan(step, entry)
        if step + 1 < self.total_steps:  # a step that is never drawn gets no version, so that one finds it free later
            self._announce(agreement, step + 1)
        return self._draw(plan, entry, drawn_at=drawn_at)

    def step_ended(
        self,
        *,
        loss: float | None = None,
        source_losses: Mapping[str, float] | None = None,
        learning_rate: float | None = None,
        gradient_norm: float | None = None,
        phase: PhaseName = "stable",
        seconds_at_peak: float | None = None,
    ) -> StepReport:
        """Say that the oldest batch drawn is trained on, and report it; losses are mean nats a token over all ranks.

        `seconds_at_peak` is what the step would take if every device did its peak of floating-point operations.
        """
        report = self._at.trained.end(
            loss=loss,
            source_losses=source_losses,
            learning_rate=learning_rate,
            gradient_norm=gradient_norm,
            phase=phase,
            seconds_at_peak=seconds_at_peak,
        )
        self.report(report)
        return report

    def close(self) -> None:
        """End the threads and release the folder; call it on every rank."""
        if self._agreement is not None:
            self._agreement.finish()
        self._parts.opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if kind is None:
            self.close()
        else:  # other ranks may never come to the announcement under way: do not wait for it
            self._parts.opened.close()

    def _begin(self) -> Agreement:
        """Begin the attempt, and announce its first step."""
        parts = self._parts
        if self._course is None and parts.start.course:  # no state was loaded: from the beginning, as it was
            self._at = Standing.at(
                from_nothing(parts.start.course, parts.start, supply=parts.supply, caps=parts.caps), parts
            )
        self._course, self._agreement = begin_attempt(
            parts, self._at.beginning, first_free_step=self._at.first_free_step
        )
        if self._at.next_step < self.total_steps:
            self._announce(self._agreement, self._at.next_step)
        return self._agreement

    def _announce(self, agreement: Agreement, step: int) -> None:
        try:
            agreement.announce(step, stop=self._stopping)
        except OSError:  # the journal could not take the new version, so nobody is told of it
            agreement.announce(step, stop=self._stopping)

    def _plan(self, step: int, entry: LedgerEntry) -> BatchPlan:
        """Plan a step, or end where no whole batch is left: the same on every rank, since all of them plan alike."""
        for news in self._at.cap_watch.before(step, entry):
            self.report(news)
        try:
            return self._at.planner.next_plan(entry.mixture)
        except EndOfData as end:
            self.end_of_data = end
            self.report(self._at.cap_watch.exhausted(step, entry, end.sources, ends_run=True))
            raise StopIteration from end

    def _draw(self, plan: BatchPlan, entry: LedgerEntry, *, drawn_at: float) -> StepBatch:
        planner = self._at.planner
        batch = self._drawing.draw(plan, planner.sources, self._at.next_step, entry)
        self._at.trained.add_drawn(batch, planner.state, drawn_at=drawn_at)
        self._at.next_step += 1
        if self._at.next_step < self.total_steps:
            self._drawing.read_ahead(planner, entry)
        return batch
