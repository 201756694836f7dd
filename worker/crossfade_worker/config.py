"""RUN.yaml: everything that one training run is made of, checked before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from crossfade_shared.errors import UserError
from crossfade_shared.mixture import Mixture, check_name
from crossfade_shared.phases import Phases
from crossfade_shared.redis_url import check_redis_url
from crossfade_worker.evaluate.settings import EvaluationConfig
from crossfade_worker.model.settings import ModelSettings
from crossfade_worker.optim.settings import OptimizerSettings
from crossfade_worker.settings_file import PathBesideFile, PositiveInt, read_settings


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainingSettings(_Settings):
    """How long, on what, in which portions."""

    total_steps: PositiveInt
    batch_sequences: PositiveInt
    """Sequences in one global batch, over all ranks: one optimizer step."""
    micro_batch_sequences: PositiveInt
    """Sequences one rank holds in memory at once; the rest is accumulated."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Fixes the initial weights and the order of every source."""
    precision: Literal["fp32", "bf16"] = "bf16"
    device: Literal["auto", "cpu", "cuda"] = "auto"

    def num_micro_batches(self, world_size: int) -> int:
        """Give the number of micro-batches of each rank; raises `UserError` where the batch cannot be divided so."""
        if self.batch_sequences % world_size:
            raise UserError(
                f"training.batch_sequences is {self.batch_sequences}, which {world_size} ranks cannot share equally; "
                f"use a multiple of {world_size} or another number of ranks",
                field="training.batch_sequences",
            )
        sequences = self.batch_sequences // world_size
        if sequences % self.micro_batch_sequences:
            raise UserError(
                f"training.micro_batch_sequences is {self.micro_batch_sequences}, which does not divide the "
                f"{sequences} sequences of each of {world_size} ranks",
                field="training.micro_batch_sequences",
            )
        return sequences // self.micro_batch_sequences


class CheckpointSettings(_Settings):
    """When to checkpoint, and how much to keep."""

    every_steps: PositiveInt = 2000
    keep: PositiveInt | None = None
    """Newest checkpoints to keep; all of them where nothing is said."""


class ControlSettings(_Settings):
    """How to reach the controller; without it the run trains under its initial mixture."""

    redis_url: str | None = None
    signing_key_file: PathBesideFile | None = None
    """Holds the run's signing key (hexadecimal), as the controller gave it when the run was made."""
    controller_url: str | None = None
    """Where the evaluator posts scores."""

    @model_validator(mode="after")
    def _key_with_redis(self) -> ControlSettings:
        if self.redis_url and not self.signing_key_file:
            raise ValueError(
                "redis_url needs signing_key_file beside it: the file with the signing_key that POST /v1/runs answered"
            )
        return self

    @field_validator("redis_url")
    @classmethod
    def _redis_url_is_one(cls, url: str | None) -> str | None:
        return url and check_redis_url(url, field="redis_url")

    def signing_key(self) -> bytes:
        """Read the key, empty without a file; raises `UserError` if the file is not there or holds something else."""
        path = self.signing_key_file
        try:
            return bytes.fromhex(path.read_text().strip()) if path else b""
        except OSError as error:
            raise UserError(f"control.signing_key_file: {path} cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise UserError(f"control.signing_key_file: {path} holds no hexadecimal key") from error


class RunConfig(_Settings):
    """One run. Relative paths are relative to the file they stand in."""

    run: Annotated[str, AfterValidator(lambda name: check_name(name, field="run"))]
    directory: PathBesideFile
    """Where the run keeps ledger, batch logs, checkpoints and scores."""
    corpus: PathBesideFile
    """A prepared corpus."""
    mixture: dict[str, float]
    """Initial weights by source, used until the controller is heard."""
    model: ModelSettings = Field(default_factory=lambda: ModelSettings.model_validate({}))
    training: TrainingSettings
    optimizer: OptimizerSettings = OptimizerSettings()
    checkpoint: CheckpointSettings = CheckpointSettings()
    control: ControlSettings = ControlSettings()
    evaluation: EvaluationConfig = EvaluationConfig()

    @field_validator("mixture", mode="before")
    @classmethod
    def _mixture_is_valid(cls, weights: Any) -> Any:  # noqa: ANN401 - as it stands in the file
        if isinstance(weights, dict):
            Mixture.from_weights(weights)
        return weights

    @model_validator(mode="after")
    def _phases_fit(self) -> RunConfig:
        self.phases()
        return self

    def phases(self) -> Phases:
        """Give the learning-rate phases of the run."""
        return self.optimizer.phases(self.training.total_steps)

    @property
    def tokens_per_step(self) -> int:
        """Tokens that one optimizer step trains on."""
        return self.training.batch_sequences * self.model.sequence_length


def load_run_config(path: Path) -> RunConfig:
    """Read RUN.yaml; raises `UserError` that names the field and what would be right."""
    return read_settings(path, RunConfig)
