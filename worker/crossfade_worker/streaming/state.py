"""Where a stream of batches stands: what a checkpoint must hold for exactly the same batches to follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from crossfade_worker.mixing.course import Course
from crossfade_worker.mixing.planner import PlannerState

FORMAT = "crossfade.checkpoint/2"


@dataclass(frozen=True)
class StreamState:
    """All of a run that is not weights: where it is, on which course it came there, and what it was made of."""

    step: int
    """Optimizer steps completed."""
    tokens: int
    course: Course
    planner: PlannerState
    """After the last step, and after all that the course has skipped."""
    identity: dict[str, Any]
    """What must be equal for the same batches to follow; compared field by field on resume."""

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "format": FORMAT,
            "step": self.step,
            "tokens": self.tokens,
            "course": self.course.to_json(),
            "planner": self.planner.to_json(),
            "identity": self.identity,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        if values["format"] != FORMAT:
            raise ValueError(f"format {values['format']!r} is not {FORMAT!r}")
        return cls(
            step=int(values["step"]),
            tokens=int(values["tokens"]),
            course=Course.from_json(values["course"]),
            planner=PlannerState.from_json(values["planner"]),
            identity=values["identity"],
        )
