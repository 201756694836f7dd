"""One rank's part of one optimizer step's batch, as a trainer gets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from crossfade_worker.data.batches import Batch


@dataclass(frozen=True, eq=False)
class StepBatch:
    """What this rank trains on in one optimizer step.

    The tensors stay as they are until two more batches have been drawn.
    """

    step: int
    """Optimizer step, counted from 0."""
    version: int
    """Version of the mixture that the whole step was drawn under."""
    rows: Batch
    num_sequences: dict[str, int]
    """By source: sequences of the global batch, over all ranks."""

    @property
    def tokens(self) -> torch.Tensor:
        """`[rows, sequence_length + 1]`: inputs are all but the last of a row, targets all but the first."""
        return self.rows.tokens

    @property
    def sources(self) -> torch.Tensor:
        """`[rows]` int64: each row's place in `num_sequences`."""
        return torch.from_numpy(self.rows.plan.sources.astype(np.int64))

    def mean_losses(self, source_nats: Sequence[float]) -> tuple[float, dict[str, float]]:
        """Give the loss of the global batch and of each source in it, in mean nats a token, from sums by source."""
        sequence_length = self.tokens.shape[1] - 1
        sums = dict(zip(self.num_sequences, source_nats, strict=True))
        counts = {name: count * sequence_length for name, count in self.num_sequences.items() if count}
        return sum(source_nats) / sum(counts.values()), {name: sums[name] / count for name, count in counts.items()}
