"""What is said of a mixture version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, WrapValidator

from crossfade_controller.bodies import MAX_COUNT, Reason, StrictBody, Text
from crossfade_controller.forecast.schemas import ForecastBody
from crossfade_controller.guardrails.schemas import FindingBody, Overrides
from crossfade_controller.mixtures.models import MixtureVersion, VersionState
from crossfade_shared.envelope import TakesEffect
from crossfade_shared.errors import UserError
from crossfade_shared.mixture import PARTS_PER_MILLION, Mixture

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Weights = dict[str, Weight]


def _one_clear_message(value: object, validate: Callable[[object], TakesEffect]) -> TakesEffect:
    try:
        return validate(value)
    except ValidationError:
        raise UserError(
            f'takes_effect is {value!r:.80}; give "next_step", {{"step": n}} or {{"tokens": n}} with a whole number n',
            field="takes_effect",
        ) from None


Evidence = Annotated[list[Annotated[Text, Field(min_length=1, max_length=500)]], Field(max_length=100)]


class ChangeOptions(StrictBody):
    """What every change of a mixture may say besides the weights."""

    takes_effect: Annotated[TakesEffect, WrapValidator(_one_clear_message)] = "next_step"
    on_behalf_of: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    """Whom the holder of the token speaks for; a note, for nobody checks it."""
    evidence: Evidence = Field(default_factory=list)
    """What the change rests on, such as series of scores; a note."""
    override: Overrides = Field(default_factory=list)


class NewVersion(ChangeOptions):
    """A whole mixture: positive relative numbers by source."""

    weights: Weights
    reason: Reason


class Reweighing(ChangeOptions):
    """An upsampling: shares to multiply or to set as fractions of 1; the others share the rest in proportion."""

    multiply: Annotated[Weights, Field(default_factory=dict)]
    set: Annotated[Weights, Field(default_factory=dict)]
    reason: Reason


class Restoring(ChangeOptions):
    """Why an earlier version is restored; to pass guard rails it must be said."""

    reason: Reason | None = None


class Annealing(ChangeOptions):
    """Over what the learning rate falls to zero: a token count, or a share of the run's horizon."""

    tokens: Annotated[int, Field(ge=1, le=MAX_COUNT)] | None = None
    share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    weights: Weights | None = None
    """The mixture of the decay; null keeps the current one."""
    reason: Reason


class VersionBody(BaseModel):
    """A version and how far it has travelled."""

    version: int
    weights: dict[str, float]
    weights_ppm: dict[str, int]
    digest: str
    state: VersionState
    takes_effect: TakesEffect
    author: str
    """The name of the token that made it."""
    on_behalf_of: str | None
    reason: str
    evidence: list[str]
    asked_weights: dict[str, float]
    """What was asked for, before the guard rails."""
    guardrails: list[FindingBody]
    """What the guard rails did to it."""
    override: list[str]
    """The guard rails that it passed."""
    phase: Literal["decay"] | None
    """The phase that it begins: `decay` lets the learning rate fall to zero over `decay_tokens`; null begins none."""
    decay_tokens: int | None
    base_version: int | None
    created_at: datetime
    published_at: datetime | None = None
    applied_at: datetime | None = None
    effective_step: int | None = None
    effective_steps: dict[str, int] | None = None
    """By rank."""

    @classmethod
    def of(cls, row: MixtureVersion, **members: Any) -> Self:  # noqa: ANN401 - fields of subclasses
        """Describe a version as it is now."""
        return cls(
            **_content(row),
            state=row.state,
            published_at=row.published_at,
            applied_at=row.applied_at,
            effective_step=row.effective_step,
            effective_steps=row.effective_steps,
            **members,
        )

    @classmethod
    def as_accepted(cls, row: MixtureVersion) -> Self:
        """Describe a version as it was when it was made, so that a repeated request gets the same answer."""
        return cls(**_content(row), state="accepted")


class VersionWithRealised(VersionBody):
    """A version, and the shares of the tokens trained on under it so far (null before any)."""

    realised: dict[str, float] | None


class SourceChange(BaseModel):
    """What a version has for one source against another version; null where there was none before."""

    name: str
    base: float | None
    weight: float
    change: float | None


class VersionDiff(BaseModel):
    """A version against another, by default the one it is based on: every source, changed or not."""

    version: int
    base: int | None
    author: str
    reason: str
    sources: list[SourceChange]
    total_variation: float | None
    """Half the sum of all differences: what the sources that grew gained together."""

    @classmethod
    def of(cls, row: MixtureVersion, base: MixtureVersion | None) -> Self:
        """Compare a version with another."""
        before = base.weights_ppm if base else None
        changed = {name: ppm - before[name] if before else None for name, ppm in row.mixture.weights_ppm.items()}
        return cls(
            version=row.version,
            base=base.version if base else None,
            author=row.author,
            reason=row.reason,
            sources=[
                SourceChange(
                    name=name,
                    base=before[name] / PARTS_PER_MILLION if before else None,
                    weight=row.weights_ppm[name] / PARTS_PER_MILLION,
                    change=None if ppm is None else ppm / PARTS_PER_MILLION,
                )
                for name, ppm in changed.items()
            ],
            total_variation=sum(abs(ppm or 0) for ppm in changed.values()) / 2 / PARTS_PER_MILLION if before else None,
        )


class Validation(BaseModel):
    """What a change would do. `problem` is the document that it would be refused with; the rest is what is known."""

    valid: bool
    weights: dict[str, float] | None = None
    """What the guard rails allow; null where that is nothing."""
    weights_ppm: dict[str, int] | None = None
    asked_weights: dict[str, float] | None = None
    guardrails: list[FindingBody] = []
    problem: dict[str, Any] | None = None
    forecast: ForecastBody | None = None
    """Under the weights that are allowed, or that were asked for where none are."""


def _content(row: MixtureVersion) -> dict[str, Any]:
    mixture = row.mixture
    return {
        "version": row.version,
        "weights": mixture.weights,
        "weights_ppm": dict(mixture.weights_ppm),
        "digest": mixture.digest,
        "takes_effect": row.takes_effect,
        "author": row.author,
        "on_behalf_of": row.on_behalf_of,
        "reason": row.reason,
        "evidence": row.evidence,
        "asked_weights": Mixture(row.asked_ppm).weights if row.asked_ppm else mixture.weights,
        "guardrails": row.guardrails,
        "override": row.override,
        "phase": "decay" if row.decay_tokens else None,
        "decay_tokens": row.decay_tokens,
        "base_version": row.base_version,
        "created_at": row.created_at,
    }
