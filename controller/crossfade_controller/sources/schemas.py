"""What is said of a source."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from crossfade_controller.bodies import MAX_COUNT, Reason, StrictBody, Text
from crossfade_shared.mixture import check_name

DEFAULT_MAX_EPOCHS = 4.0
Capabilities = Annotated[list[Annotated[Text, Field(min_length=1, max_length=64)]], Field(max_length=64)]
MaxEpochs = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _source_name(name: str) -> str:
    return check_name(name, field="name")


class NewSource(StrictBody):
    """A source as it is registered with its run."""

    name: Annotated[str, AfterValidator(_source_name)]
    unique_tokens: Annotated[int, Field(ge=1, le=MAX_COUNT)]
    capabilities: Annotated[Capabilities, Field(default_factory=list)]
    max_epochs: MaxEpochs = DEFAULT_MAX_EPOCHS


class SourceRevision(StrictBody):
    """What is said of a source from now on, and why; what is left out stays as it is."""

    max_epochs: MaxEpochs | None = None
    capabilities: Capabilities | None = None
    reason: Reason


class SourceBody(BaseModel):
    """A source of a run."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    unique_tokens: int
    capabilities: list[str]
    max_epochs: float


class SourceList(BaseModel):
    """All the sources of a run."""

    model_config = ConfigDict(from_attributes=True)

    sources: list[SourceBody]
