"""Documents: the texts of files, and those of a source's collector."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import zstandard

from crossfade_worker.data.collectors import COLLECTORS
from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.settings import SourceSettings
from crossfade_worker.data.zstandard_lines import zstandard_lines

_WHOLE = (".txt", ".md", ".py")
_LINES = (".jsonl", ".jsonl.zst")


def source_files(name: str, source: SourceSettings) -> list[Path]:
    """Give the files of a source, each once, sorted within each pattern.

    Raises `CorpusError` for a pattern without any file and for a file of an unknown kind.
    """
    files: dict[Path, None] = {}
    for index, pattern in enumerate(source.files):
        field = f"sources.{name}.files.{index}"
        anchor = Path(pattern.anchor)
        found = sorted(path for path in anchor.glob(str(pattern.relative_to(anchor))) if path.is_file())
        if not found:
            raise CorpusError(f"{field}: no file fits {pattern}", field=field)
        for path in found:
            if not path.name.endswith(_WHOLE + _LINES):
                raise CorpusError(
                    f"{field}: {path} is of an unknown kind; use {', '.join(_WHOLE + _LINES)}", field=field
                )
        files.update(dict.fromkeys(found))
    return list(files)


def documents(name: str, source: SourceSettings) -> Iterator[str]:
    """Give a source's texts in an order that the settings determine, up to its `max_bytes`.

    Raises `CorpusError` naming the file, and the line, that cannot be read.
    """
    texts = COLLECTORS[source.collect](source.seed) if source.collect else _texts_of_files(name, source)
    num_bytes = 0
    for text in texts:
        yield text
        num_bytes += len(text.encode())
        if source.max_bytes is not None and num_bytes >= source.max_bytes:
            return


def _texts_of_files(name: str, source: SourceSettings) -> Iterator[str]:
    for path in source_files(name, source):
        try:
            if path.name.endswith(_LINES):
                yield from _texts_of_lines(path, source.text_field)
            else:
                yield path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, zstandard.ZstdError) as error:
            raise CorpusError(f"sources.{name}: {path} cannot be read as UTF-8 text: {error}") from error


def _texts_of_lines(path: Path, text_field: str) -> Iterator[str]:
    with path.open("rb") as file:
        for number, line in enumerate(zstandard_lines(file) if path.suffix == ".zst" else file, start=1):
            if not line.strip():
                continue
            try:
                text = json.loads(line)[text_field]
                text.encode()
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise CorpusError(
                    f"{path}, line {number}: expected an object with Unicode text under {text_field!r} "
                    f"({type(error).__name__}: {error})"
                ) from error
            yield text
