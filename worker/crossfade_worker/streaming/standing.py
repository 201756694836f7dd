"""Where a stream stands: the planner of its next step, what was trained on so far, and the caps ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from crossfade_worker.mixing.cap_watch import CapWatch
from crossfade_worker.mixing.course import cursor_limits
from crossfade_worker.mixing.exposure import Exposure
from crossfade_worker.mixing.planner import Planner
from crossfade_worker.streaming.attempt import StreamParts
from crossfade_worker.streaming.beginning import Beginning
from crossfade_worker.streaming.trained_steps import TrainedSteps


@dataclass
class Standing:
    """What moves on with every step of an attempt; the same on every rank."""

    beginning: Beginning
    next_step: int
    planner: Planner
    trained: TrainedSteps
    cap_watch: CapWatch

    @classmethod
    def at(cls, beginning: Beginning, parts: StreamParts) -> Self:
        """Stand where an attempt begins."""
        settings, supply = parts.settings, parts.supply
        skipped = beginning.course.skipped if beginning.course else {}
        limits = cursor_limits(parts.caps, skipped)
        planner = supply.planner(limits, beginning.planner)
        exposure = Exposure(supply.num_rows, sequence_length=settings.sequence_length, skipped=skipped)
        return cls(
            beginning=beginning,
            next_step=beginning.step,
            planner=planner,
            trained=TrainedSteps(beginning.step, beginning.planner, exposure),
            cap_watch=CapWatch(planner, exposure, limits, total_steps=settings.total_steps),
        )

    @property
    def first_free_step(self) -> int:
        """First step that no earlier attempt can have drawn: where the data end, that is the next one."""
        course = self.beginning.course
        if course is None or self.planner.has_batch(course.ledger.mixture_at(self.next_step)):
            return self.beginning.first_free_step
        return self.next_step
