"""Prepare a corpus: stage the texts, get a tokenizer, encode the shards, write the manifest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Literal

from rich.progress import Progress

from crossfade_worker.data.documents import documents
from crossfade_worker.data.encoding import Encoding, Part, encode_parts
from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.manifest import MANIFEST_NAME, Manifest, SourceRecord, record_file
from crossfade_worker.data.settings import CorpusSettings, TokenizerSettings, TrainTokenizer
from crossfade_worker.data.shards import Corpus, open_corpus
from crossfade_worker.data.staging import StagedSource, Staging, read_texts
from crossfade_worker.data.tokenizing import (
    end_of_text_id,
    open_tokenizer,
    token_space,
    tokenizer_file,
    train_tokenizer,
)
from crossfade_worker.data.workplace import fingerprint_recipe, is_finished, workplace
from crossfade_worker.files import write_atomically

_TOKENIZER_NAME = "tokenizer.json"
_STAGING_NAME = "staging"


def prepare_corpus(settings: CorpusSettings, *, progress: Progress, num_processes: int | None = None) -> Corpus:
    """Make the corpus that the settings describe, or open it if it is there already.

    It may be interrupted at any moment, even killed, and called again to go on. Raises `CorpusError` naming what is
    wrong with the settings or the text, or what stands where the corpus should go.
    """
    if settings.tokenizer.path:  # a mistake here is better told before hours of work than after
        end_of_text_id(open_tokenizer(tokenizer_file(settings.tokenizer.path)), settings.tokenizer.end_of_text)
    recipe = fingerprint_recipe(settings)
    if not is_finished(settings.directory, recipe):
        with workplace(settings.directory, recipe) as folder:
            if not (folder / MANIFEST_NAME).exists():
                manifest = _make(settings, recipe, folder, progress, num_processes or os.cpu_count() or 1)
                write_atomically(folder / MANIFEST_NAME, manifest.model_dump_json(indent=1).encode())
            shutil.rmtree(folder / _STAGING_NAME, ignore_errors=True)
    return open_corpus(settings.directory)


def _make(settings: CorpusSettings, recipe: str, folder: Path, progress: Progress, num_processes: int) -> Manifest:
    staging = Staging(
        folder / _STAGING_NAME, held_out_fraction=settings.held_out_fraction, part_bytes=settings.shard_text_bytes
    )
    staged = {name: _stage(name, settings, staging, progress) for name in settings.sources}
    tokenizer_path = folder / _TOKENIZER_NAME
    if not tokenizer_path.exists():
        progress.add_task("train the tokenizer" if settings.tokenizer.train else "copy the tokenizer", total=None)
        write_atomically(tokenizer_path, _tokenizer_json(settings.tokenizer, staged, staging))
    tokenizer = open_tokenizer(tokenizer_path)
    vocab_size, end_of_text = token_space(tokenizer), end_of_text_id(tokenizer, settings.tokenizer.end_of_text)
    token_bytes: Literal[2, 4] = 2 if vocab_size <= 1 << 16 else 4
    encoding = Encoding(directory=folder, tokenizer=tokenizer_path, end_of_text=end_of_text, token_bytes=token_bytes)
    parts = {name: _parts(name, source, staging, folder) for name, source in staged.items()}
    _encode(list(chain(*parts.values())), encoding, progress, num_processes)
    return Manifest(
        recipe=recipe,
        tokenizer=record_file(tokenizer_path, directory=folder),
        vocab_size=vocab_size,
        end_of_text=end_of_text,
        token_bytes=token_bytes,
        sources={name: _source_record(name, source, parts[name], staging, folder) for name, source in staged.items()},
    )


def _stage(name: str, settings: CorpusSettings, staging: Staging, progress: Progress) -> StagedSource:
    source = settings.sources[name]
    task = progress.add_task(f"collect {name}", total=source.max_bytes)
    staged = staging.stage(name, documents(name, source), advance=lambda num_bytes: progress.advance(task, num_bytes))
    num_text_bytes = sum(staged.parts.values())
    progress.update(task, total=num_text_bytes, completed=num_text_bytes)
    if not staged.parts:
        raise CorpusError(
            f"sources.{name} is an empty source: no training text is left after {staged.num_duplicates} duplicates "
            f"and {staged.num_held_out_documents} held-out documents; give it more text",
            field=f"sources.{name}",
        )
    return staged


def _tokenizer_json(settings: TokenizerSettings, staged: dict[str, StagedSource], staging: Staging) -> bytes:
    if settings.path:
        return tokenizer_file(settings.path).read_bytes()
    train = settings.train or TrainTokenizer()
    share_bytes = train.max_bytes // len(staged)
    texts = chain(*(_sample(name, source, staging, share_bytes) for name, source in staged.items()))
    tokenizer = train_tokenizer(texts, vocab_size=train.vocab_size, end_of_text=settings.end_of_text)
    return tokenizer.to_str(pretty=True).encode()


def _sample(name: str, source: StagedSource, staging: Staging, max_bytes: int) -> Iterator[str]:
    num_bytes = 0
    for part in source.parts:
        for text in read_texts(staging.folder(name) / part):
            if num_bytes >= max_bytes:
                return
            num_bytes += len(text.encode())
            yield text


def _parts(name: str, source: StagedSource, staging: Staging, folder: Path) -> list[Part]:
    return [
        Part(
            text=staging.folder(name) / part,
            num_text_bytes=num_text_bytes,
            tokens=folder / "tokens" / name / Path(part).with_suffix(".ds"),
            record=staging.folder(name) / Path(part).with_suffix(".record.json"),
        )
        for part, num_text_bytes in source.parts.items()
    ]


def _encode(parts: list[Part], encoding: Encoding, progress: Progress, num_processes: int) -> None:
    task = progress.add_task("tokenise", total=sum(part.num_text_bytes for part in parts))
    num_finished = sum(part.num_text_bytes for part in parts if part.finished)
    encode_parts(
        parts,
        encoding,
        num_processes=num_processes,
        report=lambda num_bytes: progress.update(task, completed=num_finished + num_bytes),
    )


def _source_record(name: str, source: StagedSource, parts: list[Part], staging: Staging, folder: Path) -> SourceRecord:
    held_out = folder / "held-out" / f"{name}.jsonl"
    held_out.parent.mkdir(exist_ok=True)
    write_atomically(held_out, staging.held_out(name).read_bytes())
    return SourceRecord(
        shards=tuple(part.read_record() for part in parts),
        held_out=record_file(held_out, directory=folder),
        num_held_out_documents=source.num_held_out_documents,
        num_duplicates=source.num_duplicates,
    )
