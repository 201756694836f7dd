"""What is said of scores."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from crossfade_controller.bodies import MAX_COUNT, Count, StrictBody, Text
from crossfade_controller.problems import Problem
from crossfade_shared.errors import UserError
from crossfade_shared.lm_eval_results import read_lm_eval

MAX_RESULTS = 1000
MAX_TARGETS = 256
Finite = Annotated[float, Field(allow_inf_nan=False)]
Identifier = Annotated[Text, Field(min_length=1, max_length=200)]
Flag = Literal["nan", "inf", "-inf"]
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
    value: Finite | None
    """Null where the measurement gave no finite number."""
    flag: Flag | None = None
    """What it gave then."""
    stderr: Annotated[
        Annotated[float, Field(ge=0, allow_inf_nan=False)] | None, BeforeValidator(_none_for_not_available)
    ]
    num_samples: Annotated[int, Field(ge=1, le=MAX_COUNT)] | None
    """Null where nobody counted them."""
    source: ShortIdentifier | None = None
    """The source whose held-out text it measures."""
    higher_is_better: bool | None = None

    @model_validator(mode="after")
    def _value_or_flag(self) -> Self:
        if (self.value is None) != (self.flag is not None):
            raise UserError(
                "value is null exactly where flag says what was measured instead: nan, inf or -inf", field="flag"
            )
        return self


Results = Annotated[list[NewResult], Field(min_length=1, max_length=MAX_RESULTS)]


class NewResults(StrictBody):
    """The scores of one checkpoint."""

    step: Count
    tokens: Count
    checkpoint: Identifier
    results: Results


class Place(BaseModel):
    """Where on a run's way a results file was measured."""

    step: Count | None = None
    tokens: Count | None = None
    checkpoint: Identifier | None = None


class LmEvalFile(BaseModel):
    """A results file as lm-eval writes it, of any of its formats; it holds more than is named here."""

    model_config = ConfigDict(extra="allow")

    results: dict[str, dict[str, Any]]
    """Metrics by task."""
    versions: dict[str, Any] | None = None
    config: dict[str, Any] | None = None


class FileResults(StrictBody):
    """What a results file of lm-eval holds; where it was measured it may not tell."""

    step: Count | None
    checkpoint: Identifier | None
    results: Results
    skipped: list[str]


def _read(body: object) -> NewResults | FileResults:
    """Tell a list of scores from lm-eval's object of tasks; raises a 413 `Problem` for too many of either."""
    results = body.get("results") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(results, dict):
        _check_number(len(results) if isinstance(results, list) else 0)
        return NewResults.model_validate(body)
    file = read_lm_eval(body)
    _check_number(len(file.scores))
    read = {"step": file.step, "checkpoint": file.checkpoint, "results": file.scores, "skipped": file.skipped}
    return FileResults.model_validate(read)


def _check_number(num_results: int) -> None:
    if num_results > MAX_RESULTS:
        raise Problem(
            413,
            f"results: {num_results} scores at once; {MAX_RESULTS} is the most, send the rest apart",
            field="results",
        )


PostedResults = Annotated[
    NewResults | FileResults, PlainValidator(_read, json_schema_input_type=NewResults | LmEvalFile)
]


class StoredResults(BaseModel):
    """How many scores were sent, how many of them were not known yet, and what of an lm-eval file is no score."""

    num_results: int
    num_new: int
    skipped: list[str]


class Target(StrictBody):
    """What a benchmark of the run is meant to reach: a goal, or a peer's score. It holds for every shot and filter."""

    task: Identifier
    metric: ShortIdentifier
    value: Finite


def _each_once(targets: list[Target]) -> list[Target]:
    seen: set[tuple[str, str]] = set()
    for target in targets:
        if (target.task, target.metric) in seen:
            raise UserError(f"targets: {target.task}/{target.metric} stands twice; give it one", field="targets")
        seen.add((target.task, target.metric))
    return targets


ListOfTargets = Annotated[list[Target], Field(max_length=MAX_TARGETS), AfterValidator(_each_once)]


class Targets(StrictBody):
    """All the targets of a run."""

    targets: ListOfTargets


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
    value: float | None
    flag: str | None
    stderr: float | None
    num_samples: int | None
    source: str | None
    higher_is_better: bool | None
    created_at: datetime
