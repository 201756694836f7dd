"""What a prepared corpus holds, as written in its `corpus.json`, and whether the files still are what it says."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from crossfade_worker.data.errors import CorpusError

MANIFEST_NAME = "corpus.json"
_BLOCK_BYTES = 1 << 20


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)  # unknown fields are ignored: an older reader opens a newer corpus


class FileRecord(_Record):
    """One file as it was when it was written."""

    path: str
    """Relative to the corpus directory."""
    num_bytes: int
    sha256: str
    modified_ns: int
    """Its modification time; while that is unchanged the content is taken as unchanged too."""


class ShardRecord(_Record):
    """One shard: a flat little-endian array of tokens, and where its documents end."""

    tokens: FileRecord
    ends: FileRecord
    """Exclusive ends of the documents in tokens, as little-endian 64-bit integers."""
    num_tokens: int
    num_documents: int
    num_text_bytes: int


class SourceRecord(_Record):
    """One source: its shards, its held-out documents and what was left out."""

    shards: tuple[ShardRecord, ...]
    held_out: FileRecord
    """JSON lines, each an object with the `text` of one document."""
    num_held_out_documents: int
    num_duplicates: int
    """Documents left out because this source or an earlier one has the same text."""


class Manifest(_Record):
    """A whole corpus."""

    format: Literal["crossfade.corpus/1"] = "crossfade.corpus/1"
    recipe: str
    """Fingerprint of the settings and input files it was made from."""
    tokenizer: FileRecord
    vocab_size: int
    end_of_text: int
    """Token that closes every document."""
    token_bytes: Literal[2, 4]
    sources: dict[str, SourceRecord]


def record_file(path: Path, *, directory: Path) -> FileRecord:
    """Describe a finished file below the corpus directory."""
    status = path.stat()
    return FileRecord(
        path=path.relative_to(directory).as_posix(),
        num_bytes=status.st_size,
        sha256=hash_file(path),
        modified_ns=status.st_mtime_ns,
    )


def check_file(record: FileRecord, *, directory: Path) -> Path:
    """Give the file's path, or raise `CorpusError` if it is missing or is not what the manifest says.

    The content is hashed only where the modification time is not the recorded one, so that a file that was merely
    copied or touched passes and one that was altered does not.
    """
    path = directory / record.path
    remedy = f"restore it, or remove {directory} and run `crossfade data prepare` again"
    try:
        status = path.stat()
    except OSError as error:
        raise CorpusError(f"{path} cannot be read ({error.strerror}); {remedy}") from error
    if status.st_size != record.num_bytes:
        raise CorpusError(f"{path} has {status.st_size} bytes instead of {record.num_bytes}; {remedy}")
    if status.st_mtime_ns != record.modified_ns and hash_file(path) != record.sha256:
        raise CorpusError(f"{path} was changed after the corpus was prepared; {remedy}")
    return path


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
