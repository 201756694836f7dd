"""Held-out bits per byte: what a model needs to write a text down, whatever its tokenizer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from crossfade_worker.model.llama import token_nats


@dataclass(frozen=True)
class BitsPerByte:
    """The ratio over all documents together, with its standard error."""

    value: float
    stderr: float | None
    """None where there is one document only."""
    num_documents: int


@dataclass(frozen=True)
class _Window:
    document: int
    tokens: list[int]
    """One token more than is predicted: the first is context only."""


def bits_per_byte(nats: Sequence[float], num_bytes: Sequence[int]) -> BitsPerByte:
    """Divide the sum of nats by ln 2 times the sum of bytes, over documents.

    The standard error is the ratio estimator's over documents (Cochran, Sampling Techniques, 1977, section 2.11).
    """
    bits = [document / math.log(2) for document in nats]
    num_documents, total_bytes = len(bits), sum(num_bytes)
    ratio = sum(bits) / total_bytes
    if num_documents < 2:
        return BitsPerByte(ratio, None, num_documents)
    squares = sum((bit - ratio * size) ** 2 for bit, size in zip(bits, num_bytes, strict=True))
    stderr = math.sqrt(squares * num_documents / (num_documents - 1)) / total_bytes
    return BitsPerByte(ratio, stderr, num_documents)


@torch.inference_mode()
def document_nats(
    model: nn.Module, documents: Sequence[Sequence[int]], *, end_of_text: int, sequence_length: int, batch_size: int
) -> list[float]:
    """Give the nats of each document, given as tokens, after an end-of-text.

    A document longer than the sequence length is cut into windows that predict every token exactly once. The model
    must be in evaluation mode.
    """
    device = next(model.parameters()).device
    windows = list(_windows(documents, end_of_text, sequence_length))
    nats = [0.0] * len(documents)
    for first in range(0, len(windows), batch_size):
        batch = windows[first : first + batch_size]
        width = max(len(window.tokens) for window in batch)
        rows = [window.tokens + [end_of_text] * (width - len(window.tokens)) for window in batch]
        losses = token_nats(model, torch.tensor(rows, device=device)).double().cpu()
        for window, row in zip(batch, losses, strict=True):
            nats[window.document] += float(row[: len(window.tokens) - 1].sum())
    return nats


def _windows(documents: Sequence[Sequence[int]], end_of_text: int, sequence_length: int) -> Iterator[_Window]:
    for number, document in enumerate(documents):
        tokens = [end_of_text, *document]
        for first in range(0, len(document), sequence_length):
            yield _Window(number, tokens[first : first + sequence_length + 1])
