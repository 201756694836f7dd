"""The first half of preparing: each source's texts, without duplicates and held-out documents, in parts."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from crossfade_worker.files import sync, write_atomically

_HASH_BYTES = 16
_RECORD = "staged.json"
_HELD_OUT = "held-out.jsonl"
_HASHES = "hashes.bin"


class StagedSource(BaseModel):
    """What became of one source's documents."""

    model_config = ConfigDict(frozen=True)

    parts: dict[str, int]
    """File names of its training text, JSON lines, and the UTF-8 bytes of text in each; each becomes one shard."""
    num_held_out_documents: int
    num_duplicates: int


class Staging:
    """A folder of staged sources, one folder each; a source's folder appears by rename when it is complete."""

    def __init__(self, directory: Path, *, held_out_fraction: float, part_bytes: int) -> None:
        self._directory = directory
        self._held_out_fraction = held_out_fraction
        self._part_bytes = part_bytes
        self._seen: set[bytes] = set()

    def folder(self, name: str) -> Path:
        """Where a staged source's files lie."""
        return self._directory / name

    def held_out(self, name: str) -> Path:
        """Where a staged source's held-out documents lie, as JSON lines."""
        return self.folder(name) / _HELD_OUT

    def stage(self, name: str, texts: Iterable[str], *, advance: Callable[[int], None]) -> StagedSource:
        """Stage one source, or find it staged; sources must come in the same order every time.

        A text that an earlier source or this one already has is left out; an empty one is too. `advance` is told the
        UTF-8 bytes of every text.
        """
        folder = self.folder(name)
        if not folder.exists():
            unfinished = folder.with_name(f".{name}.unfinished")  # no source has a name like this
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            self._write(unfinished, texts, advance)
            unfinished.rename(folder)
            sync(self._directory)
        hashes = (folder / _HASHES).read_bytes()
        self._seen.update(hashes[at : at + _HASH_BYTES] for at in range(0, len(hashes), _HASH_BYTES))
        return StagedSource.model_validate_json((folder / _RECORD).read_bytes())

    def _write(self, folder: Path, texts: Iterable[str], advance: Callable[[int], None]) -> None:
        parts, held_out = _Parts(folder, self._part_bytes), bytearray()
        hashes: dict[bytes, None] = {}
        num_duplicates = num_held_out = 0
        for text in texts:
            advance(len(text.encode()))
            if not text.strip():
                continue
            digest = hashlib.sha256(text.encode()).digest()
            short = digest[:_HASH_BYTES]
            if short in hashes or short in self._seen:
                num_duplicates += 1
                continue
            hashes[short] = None
            if is_held_out(digest, self._held_out_fraction):
                num_held_out += 1
                held_out += _line(text)
            else:
                parts.add(text)
        parts.close()
        write_atomically(folder / _HELD_OUT, bytes(held_out))
        write_atomically(folder / _HASHES, b"".join(hashes))
        staged = StagedSource(
            parts=parts.finished,
            num_held_out_documents=num_held_out,
            num_duplicates=num_duplicates,
        )
        write_atomically(folder / _RECORD, staged.model_dump_json(indent=1).encode())


class _Parts:
    """Training text, cut into files of bounded size."""

    def __init__(self, folder: Path, part_bytes: int) -> None:
        self._folder = folder
        self._part_bytes = part_bytes
        self._lines = bytearray()
        self._num_text_bytes = 0
        self.finished: dict[str, int] = {}

    def add(self, text: str) -> None:
        self._lines += _line(text)
        self._num_text_bytes += len(text.encode())
        if self._num_text_bytes >= self._part_bytes:
            self.close()

    def close(self) -> None:
        if not self._lines:
            return
        name = f"{len(self.finished):05d}.jsonl"
        write_atomically(self._folder / name, bytes(self._lines))
        self.finished[name] = self._num_text_bytes
        self._lines.clear()
        self._num_text_bytes = 0


def is_held_out(digest: bytes, fraction: float) -> bool:
    """Say whether the document with this SHA-256 is kept apart; it depends on its text alone."""
    return int.from_bytes(digest[-8:], "big") < fraction * 2**64


def read_texts(path: Path) -> Iterator[str]:
    """Give the texts of staged or held-out JSON lines."""
    with path.open("rb") as file:
        for line in file:
            yield json.loads(line)["text"]


def _line(text: str) -> bytes:
    return json.dumps({"text": text}, ensure_ascii=False).encode() + b"\n"
