"""A prepared corpus on disk: every file is there and is what the manifest says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from crossfade_worker.data.corpus import END_DTYPE, Corpus, Shard, TokenSource, digest_of
from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.local_file import LocalFile, MappedFile
from crossfade_worker.data.manifest import MANIFEST_NAME, FileRecord, Manifest, ShardRecord, check_file

FileOpener = Callable[[FileRecord], MappedFile]


def open_prepared_corpus(directory: Path) -> Corpus:
    """Open a prepared corpus after checking that every file is there and unchanged.

    Raises `CorpusError` naming the file and the remedy, or the source that is empty.
    """
    manifest = read_manifest(directory)
    tokenizer_path = check_file(manifest.tokenizer, directory=directory)
    open_file = local_file_opener(directory)
    sources = {name: open_prepared_source(name, manifest, open_file) for name in manifest.sources}
    return Corpus(
        directory=directory,
        sources=sources,
        tokenizer_path=tokenizer_path,
        tokenizer_fingerprint=manifest.tokenizer.sha256,
        vocab_size=manifest.vocab_size,
        end_of_text=manifest.end_of_text,
        held_out={name: check_file(record.held_out, directory=directory) for name, record in manifest.sources.items()},
        fingerprint=digest_of(f"{name} {source.fingerprint}" for name, source in sources.items()),
    )


def read_manifest(directory: Path) -> Manifest:
    """Read the manifest of a corpus directory; raises `CorpusError` if there is none that can be read."""
    path = directory / MANIFEST_NAME
    try:
        return parse_manifest(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise CorpusError(
            f"{directory} holds no prepared corpus ({MANIFEST_NAME} is missing); "
            "make one with `crossfade data prepare CORPUS.yaml`"
        ) from None
    except OSError as error:
        raise CorpusError(f"{path} cannot be read as a corpus manifest: {error}") from error


def parse_manifest(content: bytes, place: str) -> Manifest:
    """Read a manifest; raises `CorpusError` naming its place if it is none."""
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise CorpusError(f"{place} cannot be read as a corpus manifest: {error}") from error


def local_file_opener(directory: Path) -> FileOpener:
    """Give what opens the files of a corpus directory, each checked against its record."""

    def open_file(record: FileRecord) -> LocalFile:
        verify = partial(check_file, record, directory=directory)
        return LocalFile(verify(), verify=verify)

    return open_file


def open_prepared_source(name: str, manifest: Manifest, open_file: FileOpener) -> TokenSource:
    """Open one source of a manifest, wherever its files lie; raises `CorpusError` for one without text."""
    record = manifest.sources[name]
    num_tokens = sum(shard.num_tokens for shard in record.shards)
    if num_tokens == 0:
        raise CorpusError(
            f"sources.{name} is an empty source: it has no training text; give it text or leave it out",
            field=f"sources.{name}",
        )
    hashes = (f"{shard.tokens.sha256} {shard.ends.sha256}" for shard in record.shards)
    return TokenSource(
        name=name,
        dtype=np.dtype(f"<u{manifest.token_bytes}"),
        shards=tuple(_open_shard(shard, manifest.token_bytes, open_file) for shard in record.shards),
        num_tokens=num_tokens,
        num_documents=sum(shard.num_documents for shard in record.shards),
        num_text_bytes=sum(shard.num_text_bytes for shard in record.shards),
        num_held_out_documents=record.num_held_out_documents,
        num_duplicates=record.num_duplicates,
        fingerprint=digest_of([manifest.tokenizer.sha256, *hashes]),
    )


def _open_shard(record: ShardRecord, token_bytes: int, open_file: FileOpener) -> Shard:
    if record.tokens.num_bytes != record.num_tokens * token_bytes:  # readers would go past the end of the file
        raise CorpusError(
            f"{MANIFEST_NAME}: {record.tokens.path} has {record.tokens.num_bytes} bytes, which is not "
            f"{record.num_tokens} tokens of {token_bytes} bytes; restore the manifest"
        )
    tokens, ends = open_file(record.tokens), open_file(record.ends)
    return Shard(
        file=tokens,
        dtype=np.dtype(f"<u{token_bytes}"),
        num_tokens=record.num_tokens,
        num_documents=record.num_documents,
        read_ends=lambda: ends.content().view(END_DTYPE),
    )
