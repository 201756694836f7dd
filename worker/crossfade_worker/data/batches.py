"""Batches as tensors: tokens in memory that is used again, their sources, and positions for masks when asked for."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from crossfade_worker.data.reader import RowReader
from crossfade_worker.mixing.planner import BatchPlan


@dataclass(slots=True, eq=False)  # frozen would treble the time of making one
class Batch:
    """Rows as they were planned; `tokens` is `[rows, sequence_length + 1]`."""

    tokens: torch.Tensor
    plan: BatchPlan
    _reader: RowReader

    def token_sources(self) -> torch.Tensor:
        """Give each token's source number, `[rows, sequence_length + 1]`: a view that takes no memory a token."""
        return torch.from_numpy(self.plan.sources)[:, None].expand(self.tokens.shape)

    def position_ids(self) -> torch.Tensor:
        """Give positions that begin at 0 with every row and document, `[rows, sequence_length + 1]` int64.

        Attention that is cut where they return to 0 never crosses documents. Computed now, from where documents end.
        """
        return torch.from_numpy(self._reader.position_ids(self.plan))

    def parts(self, num_parts: int) -> list[Batch]:
        """Give equal, contiguous parts, such as micro-batches, without a copy; rows that are over belong to none."""
        whole = self.tokens[: len(self.tokens) // num_parts * num_parts]
        return [
            Batch(part, self.plan.part(index, num_parts), self._reader)
            for index, part in enumerate(whole.chunk(num_parts))
        ]


class BatchReader:
    """Reads plans of up to `max_rows` rows into a ring of `depth` tensors, in pinned memory where there is a GPU.

    The tensors of a batch stay as they are until `depth` more have been read. Tokens are int64, or, with `narrow`,
    of the type they are stored in (torch.uint16, or torch.uint32 where a source needs it), a quarter or half of the
    bytes: move them with `tokens.to(device, non_blocking=True).long()` and they are widened there.
    """

    def __init__(self, reader: RowReader, *, max_rows: int, depth: int = 2, narrow: bool = False) -> None:
        self._reader = reader
        dtype = torch.int64
        if narrow:
            dtype = torch.uint16 if reader.stored_dtype.itemsize == 2 else torch.uint32
        shape, pinned = (max_rows, reader.row_tokens), torch.cuda.is_available()
        self._ring = [torch.empty(shape, dtype=dtype, pin_memory=pinned) for _ in range(depth)]
        self._arrays = [tensor.numpy() for tensor in self._ring]
        self._next = 0

    def read(self, plan: BatchPlan) -> Batch:
        """Read a plan; raises `CorpusError` for a shard that is not what it was."""
        place, num_rows = self._next, len(plan.rows)
        self._next = (place + 1) % len(self._ring)
        self._reader.read_into(self._arrays[place][:num_rows], plan)
        return Batch(self._ring[place][:num_rows], plan, self._reader)

    def will_need(self, plan: BatchPlan) -> None:
        """Have the rows of a plan that will probably be next read ahead; a wrong guess costs a wasted read."""
        self._reader.will_need(plan)
