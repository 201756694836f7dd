"""How checkpoints are scored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from crossfade_worker.settings_file import PositiveInt


class EvaluationConfig(BaseModel):
    """Sizes and limits of one evaluation. Scores are comparable where all but the last four are equal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    num_items: PositiveInt = 64
    """Multiple-choice items a source; fewer where the held-out documents give no more."""
    context_characters: PositiveInt = 300
    """Text before each choice."""
    choice_characters: PositiveInt = 80
    """Most text in each choice; a choice must fit into the model's sequence length."""
    max_documents: PositiveInt = 64
    """Held-out documents a source that bits per byte are measured on."""
    document_characters: PositiveInt = 2_000
    """Text measured at the beginning of each of these documents."""
    seed: int = 0
    """Chooses documents, items and wrong choices."""

    batch_size: PositiveInt = 16
    """Rows given to the model at once."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 600.0
    """How long the scores of one checkpoint may take before they are given up."""
    num_threads: PositiveInt = 1
    """Threads of the scoring process on a CPU, which it may share with training."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
