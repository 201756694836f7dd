"""The learning-rate phase and its horizon: warm-up, stable, decay (SmolLM2, section 4.1).

The learning rate grows linearly over the warm-up, stays at its peak, and falls linearly to zero over the decay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PhaseName = Literal["warm-up", "stable", "decay"]


@dataclass(frozen=True, kw_only=True)
class Phases:
    """Where the phases of a run lie, in optimizer steps."""

    total_steps: int
    warmup_steps: int
    decay_steps: int

    def __post_init__(self) -> None:
        """Check that the phases fit into the run; raises `ValueError`."""
        if self.total_steps < 1 or self.warmup_steps < 0 or self.decay_steps < 0:
            raise ValueError("total_steps must be at least 1; warmup_steps and decay_steps at least 0")
        if self.warmup_steps + self.decay_steps > self.total_steps:
            raise ValueError(
                f"warm-up ({self.warmup_steps} steps) and decay ({self.decay_steps} steps) do not fit into "
                f"{self.total_steps} steps"
            )

    def at(self, step: int) -> PhaseName:
        """Give the phase of a step (counted from 0)."""
        if step < self.warmup_steps:
            return "warm-up"
        return "decay" if step >= self.total_steps - self.decay_steps else "stable"

    def learning_rate_factor(self, step: int) -> float:
        """Give the learning rate of a step as a fraction of the peak; 0 from the end of the run on."""
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        remaining = self.total_steps - step
        if remaining >= self.decay_steps:
            return 1.0 if remaining > 0 else 0.0
        return max(0.0, remaining / self.decay_steps)
