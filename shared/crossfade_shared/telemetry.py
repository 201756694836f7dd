"""What workers report through the Redis stream, and how a batch of reports is written on the wire.

A stream entry has four fields: `format` (without it: the first one), `attempt` and `sequence` (whole numbers; together
they identify the batch, so that the controller takes each in once) and `reports`, a JSON array of the models below.
Telemetry is lossy by design: what could not be sent is counted and reported as `DroppedReport`.

A controller and workers of different versions understand one another as long as the format is the same: fields and
kinds of reports may be added to it.
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from crossfade_shared.phases import PhaseName

FORMAT = "crossfade.telemetry/1"
_UNKNOWN_KIND = "union_tag_invalid"
_logger = logging.getLogger(__name__)

_MAX_COUNT = 2**53
Count = Annotated[int, Field(ge=0, le=_MAX_COUNT)]
"""A step, a number of tokens or the like; every database and JSON reader keeps it exactly."""


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True)  # unknown fields are ignored: an older controller reads a newer worker


class AttemptReport(_Report):
    """A process lifetime of the run began."""

    kind: Literal["attempt"] = "attempt"
    start_step: Count
    total_steps: Count
    tokens_per_step: Count
    world_size: Count
    rewound: bool = False
    """Whether it left what the run did from `start_step` on behind."""
    skipped_tokens: dict[str, Count] = Field(default_factory=dict)
    """Tokens thrown away before the first step without training on them, by source."""

    @model_validator(mode="after")
    def _can_be_counted(self) -> Self:
        if self.start_step * self.tokens_per_step > _MAX_COUNT:
            raise ValueError("start_step times tokens_per_step is beyond every count of tokens")
        return self


class StepReport(_Report):
    """One optimizer step, trained on. Losses are mean nats a token; None stands for a value that was not
    finite or not told."""

    kind: Literal["step"] = "step"
    step: Count
    tokens: Count
    """Tokens trained on by the end of this step, over the whole run."""
    version: int
    phase: PhaseName
    loss: float | None
    learning_rate: float | None
    gradient_norm: float | None
    seconds: float
    mfu: float | None = None
    """Model FLOPs utilisation, a share of what the devices can do; None where their peak is not known."""
    source_loss: dict[str, float | None]
    """By source; a source that was not in the batch is absent."""
    source_tokens: dict[str, Count]
    """Tokens trained on by source, over the whole run."""


class AppliedReport(_Report):
    """Every rank appended this version to its ledger, each at the step it names here."""

    kind: Literal["applied"] = "applied"
    version: int
    digest: str
    effective_steps: Annotated[dict[Count, Count], Field(min_length=1)]
    """By rank."""


class RefusedReport(_Report):
    """Something in Redis was not a valid envelope of this run; the mixture in force stays."""

    kind: Literal["refused"] = "refused"
    why: str


class CheckpointReport(_Report):
    """A complete checkpoint lies on disk."""

    kind: Literal["checkpoint"] = "checkpoint"
    step: Count
    tokens: Count
    path: str
    source_epochs: dict[str, float] = Field(default_factory=dict)
    """Epochs trained on by source, over the whole run."""


class CapAheadReport(_Report):
    """If the mixture stays as it is, a source will soon have given all the epochs it may."""

    kind: Literal["cap_ahead"] = "cap_ahead"
    step: Count
    version: int
    source: str
    expected_step: Count
    """About the step in which it will give its last row."""


class ExhaustedReport(_Report):
    """Sources that the mixture in force asks for have given all the epochs they may."""

    kind: Literal["exhausted"] = "exhausted"
    step: Count
    """The first step that is drawn without them."""
    version: int
    source_epochs: dict[str, float]
    """Epochs drawn, by source that ran out."""
    ends_run: bool
    """Whether training ends here; otherwise the other sources share their weights in proportion."""


class DroppedReport(_Report):
    """So many reports were dropped since the last one of these, because Redis did not take them in time."""

    kind: Literal["dropped"] = "dropped"
    num_reports: Count


class FinishedReport(_Report):
    """The run reached its last step, or the end of its data."""

    kind: Literal["finished"] = "finished"
    step: Count
    tokens: Count
    out_of_data: bool = False


Report = Annotated[
    AttemptReport
    | StepReport
    | AppliedReport
    | RefusedReport
    | CheckpointReport
    | CapAheadReport
    | ExhaustedReport
    | DroppedReport
    | FinishedReport,
    Field(discriminator="kind"),
]
_REPORTS: TypeAdapter[list[Report]] = TypeAdapter(list[Report])


def encode_reports(reports: list[Report]) -> bytes:
    """Give the `reports` field of a stream entry."""
    return _REPORTS.dump_json(reports)


def decode_reports(wire: bytes) -> list[Report]:
    """Read the `reports` field of a stream entry; raises `pydantic.ValidationError`.

    Reports of a kind that this version does not know are left out, which the log tells.
    """
    try:
        return _REPORTS.validate_json(wire)
    except ValidationError as error:
        wrong = error.errors()
        newer = [each["input"]["kind"] for each in wrong if each["type"] == _UNKNOWN_KIND]
        if len(newer) < len(wrong) or not all(isinstance(kind, str) for kind in newer):
            raise
    for kind in newer:
        _tell_of_unknown(kind)
    return _REPORTS.validate_json(json.dumps([report for report in json.loads(wire) if report["kind"] not in newer]))


@lru_cache(maxsize=100)
def _tell_of_unknown(kind: str) -> None:
    _logger.warning("reports of the kind %r come from a newer version and are left out", kind)
