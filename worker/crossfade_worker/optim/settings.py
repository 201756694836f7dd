"""How to optimise; the defaults are SmolLM2's for its small models."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crossfade_shared.phases import Phases

Fraction = Annotated[float, Field(ge=0, lt=1)]


class OptimizerSettings(BaseModel):
    """AdamW with warm-up, stable phase and linear decay to zero."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    peak_learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 3e-3
    warmup_steps: Annotated[int, Field(ge=0)] = 2000
    decay_fraction: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of the run over which the learning rate falls to zero."""
    beta1: Fraction = 0.9
    beta2: Fraction = 0.95
    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    gradient_clip: Annotated[float, Field(gt=0)] = 1.0
    """Largest norm of the whole gradient; a longer one is scaled down to it."""

    def phases(self, total_steps: int) -> Phases:
        """Lay the phases over a run of so many steps."""
        return Phases(
            total_steps=total_steps,
            warmup_steps=self.warmup_steps,
            decay_steps=round(self.decay_fraction * total_steps),
        )
