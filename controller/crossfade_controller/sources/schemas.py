"""What is said of a source."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from crossfade_controller.bodies import MAX_COUNT, StrictBody, Text
from crossfade_shared.mixture import check_name

DEFAULT_MAX_EPOCHS = 4.0
Capability = Annotated[Text, Field(min_length=1, max_length=64)]


def _source_name(name: str) -> str:
    return check_name(name, field="name")


class NewSource(StrictBody):
    """A source as it is registered with its run."""

    name: Annotated[str, AfterValidator(_source_name)]
    unique_tokens: Annotated[int, Field(ge=1, le=MAX_COUNT)]
    capabilities: Annotated[list[Capability], Field(max_length=64, default_factory=list)]
    max_epochs: Annotated[float, Field(gt=0, allow_inf_nan=False)] = DEFAULT_MAX_EPOCHS


class SourceBody(BaseModel):
    """A source of a run."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    unique_tokens: int
    capabilities: list[str]
    max_epochs: float
