"""Small corpora for tests: real files on disk, prepared by the real command's function."""

import json
from pathlib import Path
from typing import Any

from rich.progress import Progress

from crossfade_worker.data.prepare import prepare_corpus
from crossfade_worker.data.settings import CorpusSettings
from crossfade_worker.data.shards import Corpus

WORDS = ("river", "stone", "light", "under", "seven", "green", "paper", "walks", "often", "north", "garden", "winter")


def text(number: int, num_words: int = 60) -> str:
    """Give a document that no other number has."""
    words = (WORDS[(number * 7 + position * (number + 3)) % len(WORDS)] for position in range(num_words))
    return f"Document {number}: {' '.join(words)}.\n"


def write_lines(path: Path, texts: list[str], *, field: str = "text") -> Path:
    """Write JSON lines, unless the file has them already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "".join(json.dumps({field: text}) + "\n" for text in texts)
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        path.write_text(content, encoding="utf-8")
    return path


def settings(folder: Path, **changes: Any) -> CorpusSettings:
    """Give settings for two sources of JSON lines in `folder`; the first has 120 documents, the second 80."""
    first = write_lines(folder / "first.jsonl", [text(number) for number in range(120)])
    second = write_lines(folder / "second.jsonl", [text(number) for number in range(1000, 1080)])
    values = {
        "directory": folder / "corpus",
        "tokenizer": {"train": {"vocab_size": 300}},
        "held_out_fraction": 0.1,
        "shard_text_bytes": 10_000,
        "sources": {"first": {"files": [first]}, "second": {"files": [second]}},
    }
    return CorpusSettings.model_validate(values | changes)


def prepare(values: CorpusSettings, *, num_processes: int = 1) -> Corpus:
    """Prepare without a progress bar."""
    return prepare_corpus(values, progress=Progress(disable=True), num_processes=num_processes)
