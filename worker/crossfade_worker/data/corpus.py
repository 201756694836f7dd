"""What a run reads: a corpus of sources, each a number of token shards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crossfade_worker.data.local_file import MappedFile

END_DTYPE = np.dtype("<u8")
Uint64s = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Shard:
    """A flat run of little-endian tokens in one file, and where its documents end."""

    file: MappedFile
    dtype: np.dtype[Any]
    num_tokens: int
    num_documents: int
    read_ends: Callable[[], Uint64s]
    """Gives the documents' exclusive ends in tokens; raises `CorpusError` where they are not known."""

    @property
    def tokens(self) -> npt.NDArray[Any]:
        """Read-only view of the tokens, shape (num_tokens,); raises `CorpusError` if the file is not what it was."""
        return self.file.content().view(self.dtype)

    @property
    def document_ends(self) -> Uint64s:
        """Exclusive ends of the documents in tokens, growing, shape (num_documents,)."""
        return self.read_ends()

    def will_need(self, rows: npt.NDArray[np.int64], row_tokens: int) -> None:
        """Have these rows read ahead."""
        row_bytes = row_tokens * self.dtype.itemsize
        for row in rows.tolist():
            self.file.will_need(row * row_bytes, (row + 1) * row_bytes)


@dataclass(frozen=True)
class TokenSource:
    """One source's training text as tokens."""

    name: str
    dtype: np.dtype[Any]
    shards: tuple[Shard, ...]
    num_tokens: int
    num_documents: int
    num_text_bytes: int
    """UTF-8 bytes of the text that the tokens stand for; 0 where nobody counted them."""
    num_held_out_documents: int
    num_duplicates: int
    """Documents left out because this source or an earlier one has the same text."""
    fingerprint: str
    """SHA-256 (hexadecimal) over all that determines its tokens and documents."""


@dataclass(frozen=True)
class Corpus:
    """Sources in the order in which they were named, their tokenizer and held-out documents."""

    directory: Path
    """Where it lies, or the file that says where its sources lie."""
    sources: dict[str, TokenSource]
    tokenizer_path: Path
    tokenizer_fingerprint: str
    vocab_size: int
    end_of_text: int
    """Token that closes every document."""
    held_out: dict[str, Path]
    """By source: JSON lines, each an object with the `text` of one document that is in no shard."""
    fingerprint: str
    """SHA-256 (hexadecimal) over the names and fingerprints of the sources."""


def digest_of(parts: Iterable[str]) -> str:
    """Give the SHA-256 (hexadecimal) of a list of strings."""
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()
