"""A prepared corpus on disk: its sources and their memory-mapped token shards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.local_file import LocalFile, MappedFile
from crossfade_worker.data.manifest import MANIFEST_NAME, FileRecord, Manifest, ShardRecord, SourceRecord, check_file

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

    def rows(self, row_tokens: int) -> npt.NDArray[Any]:
        """Give the tokens as `[num_tokens // row_tokens, row_tokens]`, without a copy."""
        return self.tokens[: self.num_tokens // row_tokens * row_tokens].reshape(-1, row_tokens)

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
    """UTF-8 bytes of the text that the tokens stand for."""
    num_held_out_documents: int
    num_duplicates: int
    """Documents left out because this source or an earlier one has the same text."""
    fingerprint: str
    """SHA-256 (hexadecimal) over the tokenizer's fingerprint and every shard's hashes."""


@dataclass(frozen=True)
class Corpus:
    """A prepared corpus: sources in the order of the settings, tokenizer and held-out documents."""

    directory: Path
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


def open_corpus(directory: Path) -> Corpus:
    """Open a prepared corpus after checking that every file is there and unchanged.

    Raises `CorpusError` naming the file and the remedy, or the source that is empty.
    """
    manifest = read_manifest(directory)
    tokenizer_path = check_file(manifest.tokenizer, directory=directory)
    dtype = np.dtype(f"<u{manifest.token_bytes}")
    sources = {
        name: _open_source(name, record, manifest.tokenizer.sha256, dtype=dtype, directory=directory)
        for name, record in manifest.sources.items()
    }
    return Corpus(
        directory=directory,
        sources=sources,
        tokenizer_path=tokenizer_path,
        tokenizer_fingerprint=manifest.tokenizer.sha256,
        vocab_size=manifest.vocab_size,
        end_of_text=manifest.end_of_text,
        held_out={name: check_file(record.held_out, directory=directory) for name, record in manifest.sources.items()},
        fingerprint=_digest(f"{name} {source.fingerprint}" for name, source in sources.items()),
    )


def read_manifest(directory: Path) -> Manifest:
    """Read the manifest of a corpus directory; raises `CorpusError` if there is none that can be read."""
    path = directory / MANIFEST_NAME
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise CorpusError(
            f"{directory} holds no prepared corpus ({MANIFEST_NAME} is missing); "
            "make one with `crossfade data prepare CORPUS.yaml`"
        ) from None
    except (OSError, ValidationError) as error:
        raise CorpusError(f"{path} cannot be read as a corpus manifest: {error}") from error


def _open_source(
    name: str, record: SourceRecord, tokenizer_fingerprint: str, *, dtype: np.dtype[Any], directory: Path
) -> TokenSource:
    num_tokens = sum(shard.num_tokens for shard in record.shards)
    if num_tokens == 0:
        raise CorpusError(
            f"sources.{name} is an empty source: it has no training text; give it text or leave it out",
            field=f"sources.{name}",
        )
    shards = tuple(_open_shard(shard, dtype=dtype, directory=directory) for shard in record.shards)
    return TokenSource(
        name=name,
        dtype=dtype,
        shards=shards,
        num_tokens=num_tokens,
        num_documents=sum(shard.num_documents for shard in shards),
        num_text_bytes=sum(shard.num_text_bytes for shard in record.shards),
        num_held_out_documents=record.num_held_out_documents,
        num_duplicates=record.num_duplicates,
        fingerprint=_digest([tokenizer_fingerprint, *(f"{s.tokens.sha256} {s.ends.sha256}" for s in record.shards)]),
    )


def _open_shard(record: ShardRecord, *, dtype: np.dtype[Any], directory: Path) -> Shard:
    tokens, ends = (_open_file(file, directory) for file in (record.tokens, record.ends))
    return Shard(
        file=tokens,
        dtype=dtype,
        num_tokens=record.num_tokens,
        num_documents=record.num_documents,
        read_ends=lambda: ends.content().view(END_DTYPE),
    )


def _open_file(record: FileRecord, directory: Path) -> LocalFile:
    verify = partial(check_file, record, directory=directory)
    return LocalFile(verify(), verify=verify)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()
