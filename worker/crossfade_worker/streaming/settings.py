"""What a stream of batches is made of: the part of a run that every trainer shares, ours and somebody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from crossfade_shared.errors import UserError
from crossfade_shared.mixture import Mixture, check_name
from crossfade_shared.redis_url import check_redis_url
from crossfade_worker.mixing.epochs import EpochSettings
from crossfade_worker.settings_file import PathBesideFile, PositiveInt, read_settings


class Settings(BaseModel):
    """Settings that refuse what they do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ControlSettings(Settings):
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


class SourcesOfRun(Settings):
    """Which run it is, what it mixes and who steers it. Relative paths are relative to the file they stand in."""

    run: Annotated[str, AfterValidator(lambda name: check_name(name, field="run"))]
    directory: PathBesideFile
    """Where the run keeps ledger, batch logs, checkpoints and scores."""
    corpus: PathBesideFile
    """A prepared corpus."""
    mixture: dict[str, float]
    """Initial weights by source, used until the controller is heard."""
    epochs: dict[str, EpochSettings] = Field(default_factory=dict)
    """By source: how many epochs it may give, and what happens then. No limit for what is not named."""
    control: ControlSettings = ControlSettings()

    @field_validator("mixture", mode="before")
    @classmethod
    def _mixture_is_valid(cls, weights: Any) -> Any:  # noqa: ANN401 - as it stands in the file
        if isinstance(weights, dict):
            Mixture.from_weights(weights)
        return weights


class StreamSettings(SourcesOfRun):
    """STREAM.yaml: a run whose model, optimizer and loop are somebody else's."""

    total_steps: PositiveInt
    sequence_length: PositiveInt
    """Tokens that a sequence trains on; a row holds one more."""
    batch_sequences: PositiveInt
    """Sequences in one global batch, over all ranks: one optimizer step."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Fixes the order of every source."""

    @property
    def tokens_per_step(self) -> int:
        """Tokens that one optimizer step trains on."""
        return self.batch_sequences * self.sequence_length


def load_stream_settings(path: Path) -> StreamSettings:
    """Read STREAM.yaml; raises `UserError` that names the field and what would be right."""
    return read_settings(path, StreamSettings)


def sequences_of_rank(batch_sequences: int, num_ranks: int, *, field: str) -> int:
    """Give each rank's sequences of a global batch; raises `UserError` naming `field` where ranks cannot share it."""
    if batch_sequences % num_ranks:
        raise UserError(
            f"{field} is {batch_sequences}, which {num_ranks} ranks cannot share equally; "
            f"use a multiple of {num_ranks} or another number of ranks",
            field=field,
        )
    return batch_sequences // num_ranks
