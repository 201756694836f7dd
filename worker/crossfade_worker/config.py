"""RUN.yaml: everything that one training run is made of, checked before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossfade_shared.errors import UserError
from crossfade_shared.phases import Phases
from crossfade_worker.evaluate.settings import EvaluationConfig
from crossfade_worker.model.settings import ModelSettings
from crossfade_worker.optim.settings import OptimizerSettings
from crossfade_worker.settings_file import PositiveInt, read_settings
from crossfade_worker.streaming.settings import Settings, SourcesOfRun, StreamSettings, sequences_of_rank


class TrainingSettings(Settings):
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
    peak_flops_per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """What one device can do at this precision, to reckon utilisation by; for devices that are not known by name."""

    def num_micro_batches(self, world_size: int) -> int:
        """Give the number of micro-batches of each rank; raises `UserError` where the batch cannot be divided so."""
        sequences = sequences_of_rank(self.batch_sequences, world_size, field="training.batch_sequences")
        if sequences % self.micro_batch_sequences:
            raise UserError(
                f"training.micro_batch_sequences is {self.micro_batch_sequences}, which does not divide the "
                f"{sequences} sequences of each of {world_size} ranks",
                field="training.micro_batch_sequences",
            )
        return sequences // self.micro_batch_sequences


class CheckpointSettings(Settings):
    """When to checkpoint, and how much to keep."""

    every_steps: PositiveInt = 2000
    keep: PositiveInt | None = None
    """Newest checkpoints to keep; all of them where nothing is said."""


class RunConfig(SourcesOfRun):
    """One run of our trainer."""

    model: ModelSettings = Field(default_factory=lambda: ModelSettings.model_validate({}))
    training: TrainingSettings
    optimizer: OptimizerSettings = OptimizerSettings()
    checkpoint: CheckpointSettings = CheckpointSettings()
    evaluation: EvaluationConfig = EvaluationConfig()

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
        return self.stream_settings().tokens_per_step

    def stream_settings(self) -> StreamSettings:
        """Give what the run's stream of batches is made of."""
        return StreamSettings(
            **{name: getattr(self, name) for name in SourcesOfRun.model_fields},
            total_steps=self.training.total_steps,
            sequence_length=self.model.sequence_length,
            batch_sequences=self.training.batch_sequences,
            seed=self.training.seed,
        )


def load_run_config(path: Path) -> RunConfig:
    """Read RUN.yaml; raises `UserError` that names the field and what would be right."""
    return read_settings(path, RunConfig)
