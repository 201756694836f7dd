"""Megatron's indexed datasets: a `.bin` of tokens and an `.idx` that says what they are, opened in place.

Layout of an `.idx` (Megatron-Core, `core/datasets/indexed_dataset.py`), little-endian: the 9 bytes `MMIDIDX\\0\\0`,
version 1 in 8 bytes, the type's code in 1, the numbers of sequences and of document indices in 8 each; then sequence
lengths in tokens (int32), where each sequence begins in the `.bin` in bytes (int64), and the document indices: the
number of the first sequence of each document, and the number of sequences at the end (int64). Modes may follow.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossfade_worker.data.corpus import Shard, TokenSource, Uint64s, digest_of
from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.local_file import Bytes
from crossfade_worker.data.shard_folder import ShardFolder

_MAGIC = b"MMIDIDX\x00\x00"
_HEADER = struct.Struct("<9sQBQQ")
_TOKEN_DTYPES: dict[int, np.dtype[Any]] = {8: np.dtype("<u2"), 4: np.dtype("<u4")}
"""By code: uint16; int32, whose tokens are never negative."""


@dataclass(frozen=True, eq=False)
class _Index:
    dtype: np.dtype[Any]
    lengths: NDArray[np.int32]
    pointers: NDArray[np.int64]
    documents: NDArray[np.int64]

    def document_ends(self) -> Uint64s:
        """Give the exclusive ends of the documents in tokens."""
        begins = np.concatenate([[0], np.cumsum(self.lengths, dtype=np.uint64)])
        return begins[self.documents[1:]].astype(np.uint64)


def open_megatron(name: str, folder: ShardFolder, prefix: str) -> TokenSource:
    """Open `prefix.bin` and `prefix.idx` of a folder as one source.

    Raises `CorpusError` naming the file, and the field of its header, that is not as documented or does not fit.
    """
    index_file, tokens = folder.open(f"{prefix}.idx"), folder.open(f"{prefix}.bin")
    place = f"{folder.place}/{prefix}"
    index = _parse(index_file.content(), f"{place}.idx")
    num_tokens = int(index.lengths.sum(dtype=np.int64))
    if num_tokens * index.dtype.itemsize != tokens.num_bytes:
        raise CorpusError(
            f"{place}.bin has {tokens.num_bytes} bytes, but sequence lengths of {place}.idx sum to "
            f"{num_tokens} tokens of {index.dtype.itemsize} bytes; restore the pair"
        )
    if num_tokens == 0:
        raise CorpusError(f"sources.{name}: {place}.bin holds no tokens", field=f"sources.{name}.path")
    num_documents = len(index.documents) - 1
    shard = Shard(
        file=tokens,
        dtype=index.dtype,
        num_tokens=num_tokens,
        num_documents=num_documents,
        read_ends=cache(lambda: _parse(index_file.content(), f"{place}.idx").document_ends()),
    )
    index_hash = hashlib.sha256(index_file.content().data).hexdigest()
    return TokenSource(
        name=name,
        dtype=index.dtype,
        shards=(shard,),
        num_tokens=num_tokens,
        num_documents=num_documents,
        num_text_bytes=0,
        num_held_out_documents=0,
        num_duplicates=0,
        fingerprint=digest_of([index_hash, folder.fingerprint(f"{prefix}.bin")]),
    )


def _parse(content: Bytes, place: str) -> _Index:
    if len(content) < _HEADER.size:
        raise CorpusError(f"{place} is shorter than the header of a Megatron index; restore it")
    magic, version, code, num_sequences, num_documents = _HEADER.unpack_from(content.data)
    if magic != _MAGIC:
        raise CorpusError(f"{place}: magic is {magic!r} instead of {_MAGIC!r}; it is no Megatron index")
    if version != 1:
        raise CorpusError(f"{place}: version is {version}; only version 1 is known")
    if code not in _TOKEN_DTYPES:
        raise CorpusError(f"{place}: dtype code is {code}; tokens must be uint16 (8) or int32 (4)")
    expected_bytes = _HEADER.size + 12 * num_sequences + 8 * num_documents
    if len(content) not in {expected_bytes, expected_bytes + num_sequences}:
        raise CorpusError(
            f"{place} has {len(content)} bytes; {num_sequences} sequences and {num_documents} document indices "
            f"need {expected_bytes}; restore it"
        )
    lengths_end = _HEADER.size + 4 * num_sequences
    pointers_end = lengths_end + 8 * num_sequences
    index = _Index(
        dtype=_TOKEN_DTYPES[code],
        lengths=content[_HEADER.size : lengths_end].view("<i4"),
        pointers=content[lengths_end:pointers_end].view("<i8"),
        documents=content[pointers_end:expected_bytes].view("<i8"),
    )
    _check(index, place)
    return index


def _check(index: _Index, place: str) -> None:
    """Make sure that the sequences follow each other without gaps and that documents are made of them."""
    begins = np.cumsum(index.lengths, dtype=np.int64) - index.lengths
    if not np.array_equal(index.pointers, begins * index.dtype.itemsize):
        raise CorpusError(
            f"{place}: sequence pointers do not follow from sequence lengths; tokens must lie without gaps"
        )
    documents = index.documents
    if not len(documents) or documents[0] != 0 or documents[-1] != len(index.lengths) or (np.diff(documents) < 0).any():
        raise CorpusError(f"{place}: document indices must grow from 0 to the number of sequences")
