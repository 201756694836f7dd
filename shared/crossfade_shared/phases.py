"""The learning-rate phase and its horizon: warm-up, stable, decay (SmolLM2, section 4.1).

The learning rate grows linearly over the warm-up, stays at its peak, and falls linearly to zero over the decay. A
version of the mixture may begin the decay before its time, which is what SmolLM2's annealing stage is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PhaseName = Literal["warm-up", "stable", "decay"]


@dataclass(frozen=True, kw_only=True)
class Anneal:
    """A decay that was asked for while the run trained: its first optimizer step, and over how many it goes."""

    begin_step: int
    num_steps: int


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

    def under(self, anneal: Anneal | None) -> Phases | AnnealedPhases:
        """Give the phases as they are once a decay was asked for, which ends no later than the run would have."""
        if anneal is None or anneal.begin_step >= self.total_steps:
            return self
        return AnnealedPhases(before=self, anneal=anneal)

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


@dataclass(frozen=True, kw_only=True)
class AnnealedPhases:
    """The phases of a run whose decay began when it was asked for; the run ends with it."""

    before: Phases
    anneal: Anneal

    @property
    def total_steps(self) -> int:
        """The steps of the whole run."""
        return min(self.anneal.begin_step + self.anneal.num_steps, self.before.total_steps)

    def at(self, step: int) -> PhaseName:
        """Give the phase of a step (counted from 0)."""
        return self.before.at(step) if step < self.anneal.begin_step else "decay"

    def learning_rate_factor(self, step: int) -> float:
        """Give the learning rate of a step as a fraction of the peak: it falls to zero from where it was."""
        begin = self.anneal.begin_step
        if step < begin:
            return self.before.learning_rate_factor(step)
        remaining = max(0, self.total_steps - step)
        return self.before.learning_rate_factor(begin) * remaining / (self.total_steps - begin)
