"""A stream as a data set of rows, for trainers that load their data by index."""

from __future__ import annotations

from collections.abc import Sequence, Sized

import torch
from torch.utils.data import Dataset

from crossfade_worker.streaming.mixture_stream import MixtureStream

Row = dict[str, torch.Tensor]


class StreamDataset(Dataset[Row], Sized):
    """The rows of a run, a step's share of this rank after the other; `labels` equal `input_ids`, as
    causal models expect.

    A data set of the map style, because accelerate lets every rank load its own part of such a one. Which row comes
    next is the stream's decision: of the indices that a sampler asks for, their number alone counts. Wants
    `dataloader_num_workers=0`.
    """

    def __init__(self, stream: MixtureStream) -> None:
        self._stream = stream
        self._rows = torch.empty(0, 0)
        self._num_given = 0

    def __len__(self) -> int:
        return self._stream.settings.total_steps * self._stream.settings.batch_sequences

    def __getitem__(self, index: int) -> Row:
        """Give the next row, whatever the index."""
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Row]:
        """Give the next micro-batch; ends a resumed run's data by `StopIteration`, where the length does not."""
        if self._num_given == len(self._rows):
            self._rows, self._num_given = next(self._stream).tokens.long(), 0
        rows = self._rows[self._num_given : self._num_given + len(indices)]
        self._num_given += len(rows)
        return [{"input_ids": row, "labels": row} for row in rows]
