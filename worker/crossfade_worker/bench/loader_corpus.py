"""A corpus for the loader benchmark: random tokens in real shards, where each row says which one it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossfade_worker.data.corpus import END_DTYPE, Corpus
from crossfade_worker.data.manifest import MANIFEST_NAME, Manifest, ShardRecord, SourceRecord, record_file

NUM_SOURCES = 8
SEQUENCE_LENGTH = 2048
ROW_TOKENS = SEQUENCE_LENGTH + 1
_VOCAB_SIZE = 50_000
_DOCUMENT_TOKENS = 700


def source_name(number: int) -> str:
    """Give the name of a source; names sort as numbers do."""
    return f"source-{number}"


def make_loader_corpus(directory: Path, *, rows_of_source: int) -> Path:
    """Write a prepared corpus of `NUM_SOURCES` sources; a row begins with its source and its number in two tokens."""
    tokenizer, held_out = directory / "tokenizer.json", directory / "held-out.jsonl"
    for path in (tokenizer, held_out):
        path.write_bytes(b"")
    random = np.random.default_rng(0)
    manifest = Manifest(
        recipe="loader benchmark",
        tokenizer=record_file(tokenizer, directory=directory),
        vocab_size=_VOCAB_SIZE,
        end_of_text=0,
        token_bytes=2,
        sources={
            source_name(source): SourceRecord(
                shards=(_write_shard(directory, source, rows_of_source, random),),
                held_out=record_file(held_out, directory=directory),
                num_held_out_documents=0,
                num_duplicates=0,
            )
            for source in range(NUM_SOURCES)
        },
    )
    (directory / MANIFEST_NAME).write_text(manifest.model_dump_json())
    return directory


def tokens_path(corpus: Corpus, source: str) -> Path:
    """Give the file that holds all tokens of a source."""
    return corpus.directory / f"{source}.ds"


def rows_read(tokens: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Give (source, row) of each of `[rows, ROW_TOKENS]` tokens, as the tokens themselves say."""
    numbers = tokens[:, 1] * 10_000 + tokens[:, 2]
    return list(zip(tokens[:, 0].tolist(), numbers.tolist(), strict=True))


def _write_shard(directory: Path, source: int, rows_of_source: int, random: np.random.Generator) -> ShardRecord:
    tokens = random.integers(0, _VOCAB_SIZE, (rows_of_source, ROW_TOKENS), dtype=np.uint16)
    numbers = np.arange(rows_of_source)
    tokens[:, 0], tokens[:, 1], tokens[:, 2] = source, numbers // 10_000, numbers % 10_000
    path = directory / f"{source_name(source)}.ds"
    tokens.tofile(path)
    ends = np.arange(_DOCUMENT_TOKENS, tokens.size + _DOCUMENT_TOKENS, _DOCUMENT_TOKENS, dtype=END_DTYPE)
    ends[-1] = tokens.size
    ends.tofile(f"{path}.index")
    return ShardRecord(
        tokens=record_file(path, directory=directory),
        ends=record_file(Path(f"{path}.index"), directory=directory),
        num_tokens=tokens.size,
        num_documents=len(ends),
        num_text_bytes=0,
    )
