"""Opening a corpus: one that was prepared here, or one that a file describes."""

from __future__ import annotations

from pathlib import Path

from crossfade_worker.data.corpus import END_DTYPE, Corpus, Shard, TokenSource
from crossfade_worker.data.prepared import open_prepared_corpus, read_manifest
from crossfade_worker.data.sources_file import open_described_corpus

__all__ = ["END_DTYPE", "Corpus", "Shard", "TokenSource", "open_corpus", "read_manifest"]


def open_corpus(path: Path) -> Corpus:
    """Open the corpus in a folder that `crossfade data prepare` made, or the one that a sources file describes.

    Raises `CorpusError` naming the file that is missing or altered and the remedy, or the source that is empty, and
    `UserError` naming the field of the sources file.
    """
    return open_described_corpus(path) if path.is_file() else open_prepared_corpus(path)
