"""What is said of a forecast."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict

from crossfade_controller.forecast.forecast import Forecast


class SourceForecastBody(BaseModel):
    """One source at the end of the run, if the mixture stays as it is and nothing stops it at its cap."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    weight: float
    unique_tokens: int
    max_epochs: float
    consumed_tokens: int
    consumed_epochs: float
    tokens_at_end: int
    epochs_at_end: float
    effective_tokens: int
    """The fresh tokens that `tokens_at_end` are worth."""
    mean_token_value: float
    cap_binds_at_tokens: int | None
    """The run's token count at which the source has given `max_epochs`; null where the run ends before."""
    cap_binds_at_step: int | None
    """The first step that begins there or later; null until the workers told how many tokens a step has."""


class WarningBody(BaseModel):
    """Something about a source (null: about all of them together) that a person should know."""

    model_config = ConfigDict(from_attributes=True)

    source: str | None
    message: str


class ForecastBody(BaseModel):
    """A run at its end under one mixture from `tokens` on; `version` is the newest one the run has."""

    run: str
    version: int
    tokens: int
    horizon_tokens: int
    remaining_tokens: int
    effective_tokens: int
    sources: list[SourceForecastBody]
    warnings: list[WarningBody]

    @classmethod
    def of(cls, ahead: Forecast, *, run: str, version: int) -> Self:
        """Describe a forecast."""
        return cls(
            run=run,
            version=version,
            tokens=ahead.tokens,
            horizon_tokens=ahead.horizon_tokens,
            remaining_tokens=ahead.remaining_tokens,
            effective_tokens=ahead.effective_tokens,
            sources=[SourceForecastBody.model_validate(source) for source in ahead.sources],
            warnings=[WarningBody.model_validate(warned) for warned in ahead.warnings],
        )
