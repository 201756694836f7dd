"""A folder of shard files that somebody else's tools wrote, on this machine or anywhere else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

import numpy as np

from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.local_file import Bytes, LocalFile, MappedFile

_NUM_SAMPLES = 256
_SAMPLE_BYTES = 4096


class ShardFolder(Protocol):
    """Where shard files lie."""

    place: str
    """Path or address, for messages."""

    def names(self) -> list[str]:
        """Give the names of the files, sorted."""

    def open(self, name: str) -> MappedFile:
        """Open a file; raises `CorpusError` naming one that cannot be had."""

    def fingerprint(self, name: str) -> str:
        """Give what tells the content of a file from another content."""


class LocalFolder:
    """A folder on this machine.

    Its files carry no checksum and may be too large to hash at every start: a fingerprint covers size, beginning, end
    and samples spread evenly over the file. A file that is altered while a run uses it is noticed by its times.
    """

    def __init__(self, path: Path) -> None:
        self.place = str(path)
        self._path = path

    def names(self) -> list[str]:
        """Give the names of the files, sorted; raises `CorpusError` where there is no folder."""
        try:
            return sorted(path.name for path in self._path.iterdir() if path.is_file())
        except OSError as error:
            raise CorpusError(
                f"{self._path} cannot be read ({error.strerror}); name a folder of token files"
            ) from error

    def open(self, name: str) -> LocalFile:
        """Open a file; raises `CorpusError` naming one that is not there."""
        return LocalFile(self._path / name)

    def fingerprint(self, name: str) -> str:
        """Give a SHA-256 (hexadecimal) over the size and samples of a file."""
        return _sample(self.open(name).content())


def _sample(content: Bytes) -> str:
    digest = hashlib.sha256(str(len(content)).encode())
    for begin in np.linspace(0, max(0, len(content) - _SAMPLE_BYTES), _NUM_SAMPLES, dtype=np.int64).tolist():
        digest.update(content[begin : begin + _SAMPLE_BYTES].data)
    return digest.hexdigest()
