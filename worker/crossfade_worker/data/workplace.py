"""The folder a corpus is made in: `<directory>.partial`, which takes its final name when the corpus is complete."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crossfade_worker.data.documents import source_files
from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.manifest import MANIFEST_NAME, hash_file
from crossfade_worker.data.settings import CorpusSettings
from crossfade_worker.data.shards import read_manifest
from crossfade_worker.data.tokenizing import tokenizer_file
from crossfade_worker.files import sync, write_atomically

_RECIPE_NAME = "recipe.txt"


def fingerprint_recipe(settings: CorpusSettings) -> str:
    """Give a SHA-256 over all that determines the corpus: settings, and input files by path, size and time."""
    files = [path for name, source in settings.sources.items() for path in source_files(name, source)]
    status = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    tokenizer = settings.tokenizer.path and hash_file(tokenizer_file(settings.tokenizer.path))
    values = settings.model_dump(mode="json", exclude={"directory"})
    return hashlib.sha256(json.dumps([values, status, tokenizer]).encode()).hexdigest()


def is_finished(directory: Path, recipe: str) -> bool:
    """Say whether the corpus is there; raises `CorpusError` if something else is."""
    if not directory.exists() or not any(directory.iterdir()):
        return False
    if not (directory / MANIFEST_NAME).exists():
        raise CorpusError(f"directory: {directory} is not empty; name one that is new", field="directory")
    if read_manifest(directory).recipe != recipe:
        raise CorpusError(
            f"directory: {directory} holds a corpus made with other settings or other input files; remove it to "
            "prepare it anew, or name another directory",
            field="directory",
        )
    return True


@contextmanager
def workplace(directory: Path, recipe: str) -> Iterator[Path]:
    """Give the folder to make the corpus in, for this process alone; at the end it becomes the corpus directory.

    It keeps what an interrupted preparation by the same recipe finished. Raises `CorpusError` if its content comes
    from another recipe or another process works in it.
    """
    partial = directory.with_name(f"{directory.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    with _locked(partial):
        _begin_or_go_on(partial, recipe)
        yield partial
        (partial / _RECIPE_NAME).unlink(missing_ok=True)
        partial.rename(directory)
        sync(directory.parent)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with this process, however it ends
        yield
    except BlockingIOError as error:
        raise CorpusError(f"{folder} is being prepared by another process; wait for it") from error
    finally:
        os.close(descriptor)


def _begin_or_go_on(partial: Path, recipe: str) -> None:
    path = partial / _RECIPE_NAME
    is_complete = (partial / MANIFEST_NAME).exists()
    if not is_complete and not path.exists():  # nothing is made before the recipe stands
        write_atomically(path, recipe.encode())
    begun = read_manifest(partial).recipe if is_complete else path.read_text()
    if begun != recipe:
        raise CorpusError(
            f"{partial} holds unfinished work made with other settings or other input files; remove it to begin anew",
            field="directory",
        )
