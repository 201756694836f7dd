"""What is said of a mixture version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, ValidationError, WrapValidator

from crossfade_controller.bodies import StrictBody, Text
from crossfade_controller.mixtures.models import MixtureVersion, VersionState
from crossfade_shared.envelope import TakesEffect
from crossfade_shared.errors import UserError

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


class ChangeOptions(StrictBody):
    """What every change of a mixture may say besides the weights."""

    takes_effect: Annotated[TakesEffect, WrapValidator(_one_clear_message)] = "next_step"
    on_behalf_of: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    """Whom the holder of the token speaks for; a note, for nobody checks it."""


Reason = Annotated[Text, Field(min_length=1, max_length=2000)]


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
    """Why an earlier version is restored."""

    reason: Reason | None = None


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
    """What a version changed for one source; `before` values are null where there was no version before."""

    source: str
    before: float | None
    after: float
    before_ppm: int | None
    after_ppm: int


class VersionDiff(BaseModel):
    """What a version changed against its base: every source, changed or not."""

    version: int
    base_version: int | None
    author: str
    reason: str
    sources: list[SourceChange]

    @classmethod
    def of(cls, row: MixtureVersion, base: MixtureVersion | None) -> Self:
        """Compare a version with its base."""
        before, after = (base.mixture if base else None), row.mixture
        changes = [
            SourceChange(
                source=name,
                before=before.weights[name] if before else None,
                after=after.weights[name],
                before_ppm=before.weights_ppm[name] if before else None,
                after_ppm=ppm,
            )
            for name, ppm in after.weights_ppm.items()
        ]
        return cls(
            version=row.version, base_version=row.base_version, author=row.author, reason=row.reason, sources=changes
        )


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
        "base_version": row.base_version,
        "created_at": row.created_at,
    }
