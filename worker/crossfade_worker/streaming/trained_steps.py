"""Which steps were drawn, and how far training has come with them: a trainer may draw ahead of what it trained on."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from crossfade_shared.errors import UserError
from crossfade_shared.phases import PhaseName
from crossfade_shared.telemetry import StepReport
from crossfade_worker.mixing.exposure import Exposure
from crossfade_worker.mixing.planner import PlannerState
from crossfade_worker.reporting.history import step_report
from crossfade_worker.streaming.step_batch import StepBatch


@dataclass(frozen=True)
class _Drawn:
    """A step that was drawn and not yet trained on."""

    batch: StepBatch
    planner: PlannerState
    """As it is after this step."""
    drawn_at: float


class TrainedSteps:
    """Counts optimizer steps, and keeps the planner's state after the last one that was trained on."""

    def __init__(self, count: int, planner: PlannerState, exposure: Exposure) -> None:
        self.count = count
        self.planner = planner
        self._exposure = exposure
        self._drawn: deque[_Drawn] = deque()
        self._latest_end = 0.0

    @property
    def source_epochs(self) -> dict[str, float]:
        """Epochs trained on by source, over the whole run."""
        return self._exposure.epochs(self.planner)

    def add_drawn(self, batch: StepBatch, planner: PlannerState, *, drawn_at: float) -> None:
        """Take in that a step was drawn, which left the planner in a state."""
        self._drawn.append(_Drawn(batch, planner, drawn_at))

    def end(
        self,
        *,
        loss: float | None,
        source_losses: Mapping[str, float] | None,
        learning_rate: float | None,
        gradient_norm: float | None,
        phase: PhaseName,
        seconds_at_peak: float | None,
    ) -> StepReport:
        """Take in that the oldest step drawn is trained on, and give its report; raises `UserError` without one."""
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
            seconds_at_peak=seconds_at_peak,
        )
        self.count, self.planner, self._latest_end = drawn.batch.step + 1, drawn.planner, now
        return report
