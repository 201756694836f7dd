"""The forecast under one mixture: tokens, epochs and worth of every source at the end, and which caps bind when."""

from __future__ import annotations

from dataclasses import dataclass

from crossfade_controller.forecast.progress import RunProgress, SourceProgress
from crossfade_controller.forecast.repetition import NOTICEABLE_EPOCHS, effective_tokens, mean_token_value
from crossfade_shared.mixture import PARTS_PER_MILLION, Mixture


@dataclass(frozen=True, kw_only=True)
class SourceForecast:
    """One source at the end of the run, if the mixture stays as it is and nothing stops it at its cap."""

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
    """The run's token count at which the source has given `max_epochs`; None where the run ends before."""
    cap_binds_at_step: int | None
    """The first step that begins there or later; None as long as nobody told how many tokens a step has."""


@dataclass(frozen=True, kw_only=True)
class Warned:
    """Something about a source (None: about all of them) that a person should know."""

    source: str | None
    message: str


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """A whole run at its end. `effective_tokens` is the sum over the sources."""

    tokens: int
    horizon_tokens: int
    remaining_tokens: int
    effective_tokens: int
    sources: tuple[SourceForecast, ...]
    warnings: tuple[Warned, ...]


def forecast(progress: RunProgress, mixture: Mixture) -> Forecast:
    """Say how the run ends if it draws everything from here on under one mixture."""
    sources = tuple(
        _of_source(progress, source, mixture.weights_ppm[source.name])
        for source in sorted(progress.sources, key=lambda source: source.name)
    )
    return Forecast(
        tokens=progress.tokens,
        horizon_tokens=progress.horizon_tokens,
        remaining_tokens=progress.remaining_tokens,
        effective_tokens=sum(source.effective_tokens for source in sources),
        sources=sources,
        warnings=(*_shortage(progress), *(warned for source in sources if (warned := _repetition(source)))),
    )


def _of_source(progress: RunProgress, source: SourceProgress, ppm: int) -> SourceForecast:
    tokens_at_end = source.consumed_tokens + progress.remaining_tokens * ppm // PARTS_PER_MILLION
    binds_at_tokens = _binds_at_tokens(progress, source, ppm)
    per_step = progress.tokens_per_step
    return SourceForecast(
        name=source.name,
        weight=ppm / PARTS_PER_MILLION,
        unique_tokens=source.unique_tokens,
        max_epochs=source.max_epochs,
        consumed_tokens=source.consumed_tokens,
        consumed_epochs=source.epochs(source.consumed_tokens),
        tokens_at_end=tokens_at_end,
        epochs_at_end=source.epochs(tokens_at_end),
        effective_tokens=round(effective_tokens(tokens_at_end, source.unique_tokens)),
        mean_token_value=mean_token_value(source.epochs(tokens_at_end)),
        cap_binds_at_tokens=binds_at_tokens,
        cap_binds_at_step=-(-binds_at_tokens // per_step) if binds_at_tokens is not None and per_step else None,
    )


def _binds_at_tokens(progress: RunProgress, source: SourceProgress, ppm: int) -> int | None:
    if ppm == 0:
        return None
    lasts_tokens = -(-source.left_tokens * PARTS_PER_MILLION // ppm)
    at = progress.tokens + lasts_tokens
    return at if at < progress.horizon_tokens else None


def _repetition(source: SourceForecast) -> Warned | None:
    if source.epochs_at_end <= NOTICEABLE_EPOCHS:
        return None
    return Warned(
        source=source.name,
        message=f"{source.name} would be drawn {source.epochs_at_end:.1f} times; beyond {NOTICEABLE_EPOCHS:g} epochs "
        f"repeated tokens lose worth, its own come to {source.mean_token_value:.2f} of a fresh one on average",
    )


def _shortage(progress: RunProgress) -> tuple[Warned, ...]:
    left = sum(source.left_tokens for source in progress.sources)
    if left >= progress.remaining_tokens:
        return ()
    return (
        Warned(
            source=None,
            message=f"all sources together may still give {left} tokens, and {progress.remaining_tokens} are still to "
            "come; no mixture lasts to the end within max_epochs",
        ),
    )
