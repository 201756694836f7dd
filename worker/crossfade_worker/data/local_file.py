"""Files that token shards lie in, mapped into memory and looked at again before every use."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crossfade_worker.data.errors import CorpusError

Bytes = NDArray[np.uint8]


class MappedFile(Protocol):
    """A file of a shard, wherever it is kept."""

    @property
    def num_bytes(self) -> int:
        """Its size."""

    def content(self) -> Bytes:
        """Give the whole file, read-only, or raise `CorpusError` if it is not what it was when it was opened."""

    def check(self) -> None:
        """Raise `CorpusError` if the file is not what it was when it was opened."""

    def will_need(self, begin: int, end: int) -> None:
        """Have these bytes read ahead; it costs little, waits for nothing and never fails."""


class LocalFile:
    """A file on this machine.

    Its status is asked for before every use: a file that was truncated must not be touched through a map (the system
    would kill the process), and one that was deleted, replaced or altered must not be trained on. Ask again with
    `check` after copying, and a change in the meantime is found too; only the death by a truncation in the
    microseconds between the first look and the copy is not prevented.

    `verify` raises `CorpusError` for an altered content; it is called when only the times of the file changed. A
    file without it counts as altered then.
    """

    def __init__(self, path: Path, *, verify: Callable[[], object] | None = None) -> None:
        self.path = path
        self._name = os.fspath(path)
        self._verify = verify
        status = self._look()
        self._identity = _identity(status)
        self.num_bytes = status.st_size
        self._map: mmap.mmap | None = None
        self._content: Bytes = np.empty(0, dtype=np.uint8)

    def content(self) -> Bytes:
        """Give the whole file, read-only, or raise `CorpusError` naming it and what happened to it."""
        self.check()
        if self._map is None and self.num_bytes:
            with self.path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), self.num_bytes, access=mmap.ACCESS_READ)
            self._content = np.frombuffer(self._map, dtype=np.uint8)
        return self._content

    def check(self) -> None:
        """Raise `CorpusError` naming the file and what happened to it, if it is not what it was."""
        status = self._look()
        if _identity(status) != self._identity:
            self._accept(status)

    def will_need(self, begin: int, end: int) -> None:
        """Tell the system that it should read these bytes ahead, if the file is in use already."""
        if self._map is not None:
            aligned = begin - begin % mmap.PAGESIZE
            self._map.madvise(mmap.MADV_WILLNEED, aligned, min(end, self.num_bytes) - aligned)

    def _look(self) -> os.stat_result:
        try:
            return os.stat(self._name)  # noqa: PTH116 - half the time of Path.stat, before every read
        except OSError as error:
            raise CorpusError(f"{self.path} cannot be read ({error.strerror}); restore it") from error

    def _accept(self, status: os.stat_result) -> None:
        """Go on with a file of another status if its content is the same."""
        if status.st_size != self.num_bytes:
            raise CorpusError(f"{self.path} has {status.st_size} bytes instead of {self.num_bytes}; restore it")
        if self._verify is None:
            raise CorpusError(f"{self.path} was changed while it was in use; restore it and resume")
        self._verify()
        self._identity = _identity(status)
        self._map = None  # another file may have taken the name


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns
