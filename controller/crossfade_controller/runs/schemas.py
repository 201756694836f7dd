"""What is said of a run."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field

from crossfade_controller.benchmarks.schemas import ListOfTargets, Target
from crossfade_controller.bodies import MAX_COUNT, StrictBody
from crossfade_controller.guardrails.schemas import Frozen
from crossfade_controller.guardrails.settings import GuardrailSettings
from crossfade_controller.mixtures.schemas import Weights
from crossfade_controller.runs.models import Attempt, Run
from crossfade_controller.sources.models import Source
from crossfade_controller.sources.schemas import NewSource, SourceBody
from crossfade_shared.errors import UserError
from crossfade_shared.mixture import MAX_SOURCES, check_name

Mode = Literal["shadow", "advise", "auto"]
"""What becomes of a policy's proposal: it is recorded, it waits for a person, or it is made a version."""


def _run_name(name: str) -> str:
    return check_name(name, field="name")


def _each_once(sources: list[NewSource]) -> list[NewSource]:
    seen: set[str] = set()
    for source in sources:
        if source.name in seen:
            raise UserError(f"sources: {source.name!r} stands twice; name each source once", field="sources")
        seen.add(source.name)
    return sources


class NewRun(StrictBody):
    """A run as it is registered."""

    name: Annotated[str, AfterValidator(_run_name)]
    horizon_tokens: Annotated[int, Field(ge=1, le=MAX_COUNT)]
    mode: Mode = "advise"
    sources: Annotated[list[NewSource], Field(min_length=1, max_length=MAX_SOURCES), AfterValidator(_each_once)]
    mixture: Weights
    """Initial weights: positive relative numbers by source."""
    guardrails: GuardrailSettings | None = None
    """Without them sources are kept within their epochs, where they have enough for the horizon between them."""
    targets: ListOfTargets = Field(default_factory=list)
    """What its benchmarks are meant to reach."""


class RunBody(BaseModel):
    """A run and how far it is. What no report told yet is null."""

    name: str
    mode: str
    horizon_tokens: int
    sources: list[SourceBody]
    version: int
    """The newest version of the mixture."""
    attempt: int | None
    world_size: int | None
    start_step: int | None
    total_steps: int | None
    tokens_per_step: int | None
    step: int | None
    """The last step trained on."""
    tokens: int | None
    phase: str | None
    created_at: datetime
    last_report_at: datetime | None
    finished_at: datetime | None
    guardrails: GuardrailSettings
    targets: list[Target]
    """What its benchmarks are meant to reach."""
    frozen: Frozen | None
    """Who stopped its policies, why and when; null while they may act."""

    @classmethod
    def of(cls, run: Run, sources: list[Source], attempt: Attempt | None, **members: Any) -> Self:  # noqa: ANN401 - fields of subclasses
        """Describe a run."""
        return cls(
            name=run.name,
            mode=run.mode,
            horizon_tokens=run.horizon_tokens,
            sources=[SourceBody.model_validate(source) for source in sources],
            version=run.version,
            attempt=attempt.attempt if attempt else None,
            world_size=attempt.world_size if attempt else None,
            start_step=attempt.start_step if attempt else None,
            total_steps=attempt.total_steps if attempt else None,
            tokens_per_step=attempt.tokens_per_step if attempt else None,
            step=run.step,
            tokens=run.tokens,
            phase=run.phase,
            created_at=run.created_at,
            last_report_at=run.last_report_at,
            finished_at=run.finished_at,
            guardrails=run.rails,
            targets=[Target.model_validate(target) for target in run.targets],
            frozen=Frozen.model_validate(run.frozen) if run.frozen else None,
            **members,
        )


class CreatedRun(RunBody):
    """A new run and the key that signs its mixtures (hexadecimal); it is shown this once."""

    signing_key: str
