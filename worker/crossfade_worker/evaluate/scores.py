"""Scores of one checkpoint, as they are kept on disk and posted to the controller."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from crossfade_shared.errors import UserError
from crossfade_worker.files import write_atomically


class EvaluationError(UserError):
    """A checkpoint that could not be scored; nothing is recorded of it."""


class Score(BaseModel):
    """One score, identified as lm-eval does: task, metric, filter, number of shots, task version."""

    model_config = ConfigDict(frozen=True)

    task: str
    metric: str
    filter: str = "none"
    num_fewshot: int = 0
    version: str
    value: FiniteFloat
    stderr: Annotated[FiniteFloat, Field(ge=0)] | None
    """Standard error of the value; None where a single sample gives none."""
    num_samples: int
    source: str
    """The source whose held-out text it measures."""
    higher_is_better: bool


class Evaluation(BaseModel):
    """All scores of one checkpoint."""

    model_config = ConfigDict(frozen=True)

    step: int
    tokens: int
    checkpoint: str
    """`sha256:` and the hash of the weights' file."""
    results: tuple[Score, ...]
    posted: bool = False
    """Whether the controller has them."""

    def request_body(self) -> dict[str, Any]:
        """Give the body of `POST /v1/runs/{run}/benchmarks`."""
        return self.model_dump(mode="json", exclude={"posted"})


class EvaluationFolder:
    """The evaluations of a run, a file for each, named like the checkpoint."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._posted: set[str] = set()  # names known to need no further look
        directory.mkdir(parents=True, exist_ok=True)

    def has(self, checkpoint: Path) -> bool:
        """Say whether this checkpoint has been scored."""
        return self._path(checkpoint.name).exists()

    def write(self, name: str, evaluation: Evaluation) -> None:
        """Keep the evaluation of the checkpoint of this name."""
        write_atomically(self._path(name), evaluation.model_dump_json(indent=1).encode())

    def unposted(self) -> Iterator[tuple[str, Evaluation]]:
        """Give checkpoint names and evaluations that the controller does not have yet, oldest first."""
        for path in sorted(self.directory.glob("step-*.json"), key=lambda path: (len(path.name), path.name)):
            if path.stem in self._posted:
                continue
            try:
                evaluation = Evaluation.model_validate_json(path.read_bytes())
            except ValidationError as error:
                raise EvaluationError(f"{path} is no evaluation; remove it to score the checkpoint again") from error
            if evaluation.posted:
                self._posted.add(path.stem)
            else:
                yield path.stem, evaluation

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.json"
