"""A prepared corpus on disk: its sources and their memory-mapped token shards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.manifest import MANIFEST_NAME, Manifest, SourceRecord, check_file

END_DTYPE = np.dtype("<u8")


@dataclass(frozen=True)
class Shard:
    """A flat run of tokens in one file, and where its documents end."""

    tokens_path: Path
    ends_path: Path
    dtype: np.dtype[Any]
    num_tokens: int
    num_documents: int

    @cached_property
    def tokens(self) -> npt.NDArray[Any]:
        """Read-only memory map of the tokens, shape (num_tokens,); opened when first asked for."""
        return np.memmap(self.tokens_path, dtype=self.dtype, mode="r", shape=(self.num_tokens,))

    @cached_property
    def document_ends(self) -> npt.NDArray[np.uint64]:
        """Read-only memory map of the documents' exclusive ends in tokens, growing, shape (num_documents,)."""
        return np.memmap(self.ends_path, dtype=END_DTYPE, mode="r", shape=(self.num_documents,))


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
    shards = tuple(
        Shard(
            tokens_path=check_file(shard.tokens, directory=directory),
            ends_path=check_file(shard.ends, directory=directory),
            dtype=dtype,
            num_tokens=shard.num_tokens,
            num_documents=shard.num_documents,
        )
        for shard in record.shards
    )
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


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()
