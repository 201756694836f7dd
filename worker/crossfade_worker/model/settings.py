"""Which Llama to train: a preset of the SmolLM2 family, and what to change of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crossfade_worker.settings_file import PositiveInt

# SmolLM2's released pre-training configurations; `tiny` is ours, for machines without an accelerator.
PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {
        "num_layers": 4,
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_heads": 4,
        "num_key_value_heads": 2,
        "initializer_std": 0.05,
    },
    "smollm2-135m": {
        "num_layers": 30,
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_heads": 9,
        "num_key_value_heads": 3,
        "initializer_std": 1 / 24,
    },
    "smollm2-360m": {
        "num_layers": 32,
        "hidden_size": 960,
        "intermediate_size": 2560,
        "num_heads": 15,
        "num_key_value_heads": 5,
        "initializer_std": 0.03227,
    },
    "smollm2-1.7b": {
        "num_layers": 24,
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_heads": 32,
        "num_key_value_heads": 32,
        "initializer_std": 0.02,
    },
}


class ModelSettings(BaseModel):
    """A Llama with tied embeddings; every size left out comes from the preset. The vocabulary is the corpus's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: Literal["tiny", "smollm2-135m", "smollm2-360m", "smollm2-1.7b"] = "smollm2-135m"
    sequence_length: PositiveInt = 2048
    """Tokens a row is trained on."""
    num_layers: PositiveInt
    hidden_size: PositiveInt
    intermediate_size: PositiveInt
    num_heads: PositiveInt
    num_key_value_heads: PositiveInt
    initializer_std: Annotated[float, Field(gt=0)]
    rope_theta: Annotated[float, Field(gt=0)] = 10_000.0
    attention: Literal["sdpa", "eager", "flash_attention_2"] = "sdpa"

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:  # noqa: ANN401 - whatever was in the file
        if isinstance(values, dict):
            preset = values.get("preset", cls.model_fields["preset"].default)
            return PRESETS.get(preset, {}) | values if isinstance(preset, str) else values
        return values

    @model_validator(mode="after")
    def _check_heads(self) -> ModelSettings:
        if self.hidden_size % self.num_heads:
            raise ValueError(f"hidden_size {self.hidden_size} must be a multiple of num_heads {self.num_heads}")
        if self.num_heads % self.num_key_value_heads:
            raise ValueError(
                f"num_heads {self.num_heads} must be a multiple of num_key_value_heads {self.num_key_value_heads}"
            )
        return self
