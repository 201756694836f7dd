"""What is said of a forecast."""

from __future__ import annotations

from dataclasses import fields
from typing import Self

from pydantic import BaseModel

from crossfade_controller.forecast.forecast import Forecast, SourceForecast, Warned


class ForecastBody(BaseModel):
    """A run at its end under one mixture from `tokens` on; `version` is the newest one the run has."""

    run: str
    version: int
    tokens: int
    horizon_tokens: int
    remaining_tokens: int
    effective_tokens: int
    sources: list[SourceForecast]
    warnings: list[Warned]

    @classmethod
    def of(cls, ahead: Forecast, *, run: str, version: int) -> Self:
        """Describe a forecast."""
        return cls(run=run, version=version, **{field.name: getattr(ahead, field.name) for field in fields(ahead)})
