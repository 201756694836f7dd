"""What a CORPUS.yaml says: where text comes from and how it becomes tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from crossfade_shared.mixture import MAX_SOURCES, check_name
from crossfade_worker.settings_file import PathBesideFile, read_settings

CollectorName = Literal["python_code", "docstrings", "package_readmes", "worked_problems"]
SourceName = Annotated[str, AfterValidator(lambda name: check_name(name, field="sources"))]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class TrainTokenizer(_Settings):
    """A byte-level BPE tokenizer trained on the corpus."""

    vocab_size: Annotated[int, Field(ge=257, le=1_000_000)] = 4096
    """Tokens, `<|endoftext|>` (token 0) and the 256 bytes included."""
    max_bytes: Annotated[int, Field(ge=1)] = 100_000_000
    """Most text to train on, taken in equal parts from the sources."""


class TokenizerSettings(_Settings):
    """Either a tokenizer to train or one that exists."""

    train: TrainTokenizer | None = None
    path: PathBesideFile | None = None
    """A Hugging Face `tokenizer.json`, or a folder that holds one."""
    end_of_text: str = "<|endoftext|>"
    """The special token that closes every document."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.train is None) == (self.path is None):
            raise ValueError("give either 'train' (such as {vocab_size: 4096}) or 'path' (a tokenizer.json)")
        return self


class SourceSettings(_Settings):
    """Where one source's documents come from: files, or a built-in collector."""

    files: tuple[PathBesideFile, ...] = ()
    """Patterns (`**` goes into folders) of .txt, .md and .py files, a document each, and of .jsonl and .jsonl.zst
    files, a document a line."""
    text_field: str = "text"
    """The key of the text in JSON lines."""
    collect: CollectorName | None = None
    """Instead of files: text that this machine has or can make."""
    seed: int = 0
    """Chooses the order, or the problems, of a collector."""
    max_bytes: Annotated[int, Field(ge=1)] | None = None
    """Take documents until they hold this many UTF-8 bytes; without it, all."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.files) == (self.collect is not None):
            raise ValueError("give either 'files' (a list of patterns) or 'collect' (a built-in collector)")
        if self.collect == "worked_problems" and self.max_bytes is None:
            raise ValueError("worked_problems never ends; give 'max_bytes', such as 4000000")
        return self


class CorpusSettings(_Settings):
    """A whole CORPUS.yaml."""

    directory: PathBesideFile
    """Where the prepared corpus goes; it must not exist yet, or hold this same corpus."""
    tokenizer: TokenizerSettings = TokenizerSettings(train=TrainTokenizer())
    held_out_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.02
    """Share of the documents kept apart for evaluation, chosen by a hash of their text."""
    shard_text_bytes: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 64_000_000
    """A shard ends with the first document that fills it with this many bytes of text."""
    sources: Annotated[dict[SourceName, SourceSettings], Field(min_length=1, max_length=MAX_SOURCES)]
    """By name; where two sources share a document, the first keeps it."""


def load_corpus_settings(path: Path) -> CorpusSettings:
    """Read a CORPUS.yaml; raises `UserError` naming the field and what would be right."""
    return read_settings(path, CorpusSettings)
