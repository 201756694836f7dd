"""What is said of scores."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from crossfade_controller.bodies import MAX_COUNT, Count, StrictBody, Text

MAX_RESULTS = 1000
Finite = Annotated[float, Field(allow_inf_nan=False)]
Identifier = Annotated[Text, Field(min_length=1, max_length=200)]
ShortIdentifier = Annotated[Text, Field(min_length=1, max_length=64)]


def _none_for_not_available(value: object) -> object:
    return None if value == "N/A" else value  # how lm-eval writes it


class NewResult(StrictBody):
    """One score, identified as lm-eval does."""

    task: Identifier
    metric: ShortIdentifier
    filter: ShortIdentifier = "none"
    num_fewshot: Annotated[int, Field(ge=0, le=10_000)] = 0
    version: ShortIdentifier
    limit: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """lm-eval's own limit: a number of samples, or a share below 1; null for all."""
    value: Finite
    stderr: Annotated[
        Annotated[float, Field(ge=0, allow_inf_nan=False)] | None, BeforeValidator(_none_for_not_available)
    ]
    num_samples: Annotated[int, Field(ge=1, le=MAX_COUNT)]
    source: ShortIdentifier | None = None
    """The source whose held-out text it measures."""
    higher_is_better: bool | None = None


class NewResults(StrictBody):
    """The scores of one checkpoint."""

    step: Count
    tokens: Count
    checkpoint: Identifier
    results: Annotated[list[NewResult], Field(min_length=1, max_length=MAX_RESULTS)]


class StoredResults(BaseModel):
    """How many scores were sent, and how many of them were not known yet."""

    num_results: int
    num_new: int


class ResultBody(BaseModel):
    """One score of one checkpoint."""

    model_config = ConfigDict(from_attributes=True)

    step: int
    tokens: int
    checkpoint: str
    task: str
    metric: str
    filter: str
    num_fewshot: int
    version: str
    limit: float | None
    value: float
    stderr: float | None
    num_samples: int
    source: str | None
    higher_is_better: bool | None
    created_at: datetime
