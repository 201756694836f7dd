"""A bounded cache of remote shard files: whole files, checked, the least recently used ones given up first."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import fsspec

from crossfade_shared.errors import UserError
from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.local_file import Bytes, LocalFile
from crossfade_worker.data.manifest import hash_file

_BLOCK_BYTES = 1 << 20
_NUM_THREADS = 4
_PARTIAL = ".partial-"
_ABANDONED_SECONDS = 3600.0
_NUM_TRIES = 100
"""How often a copy is fetched that others give up before it is read; room for one file too few shows earlier."""


@dataclass(frozen=True)
class RemoteFile:
    """A file at an address that fsspec opens, and what it must be."""

    url: str
    num_bytes: int
    sha256: str


class ShardCache:
    """Keeps remote files in `directory`, no more than `max_bytes` of them; ranks of one machine may share it.

    A file is downloaded under a temporary name, checked and renamed; one that is found there is checked once before
    this process uses it. Downloads run in threads: who needs a file waits for that file alone.
    """

    def __init__(self, directory: Path, *, max_bytes: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._max_bytes = max_bytes
        self._files: OrderedDict[str, Future[LocalFile]] = OrderedDict()  # by name in the cache, newest use last
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="shard-cache")

    def content(self, remote: RemoteFile) -> Bytes:
        """Give a whole file, once it is there; raises `CorpusError` naming one that cannot be had or differs."""
        for _ in range(_NUM_TRIES):
            local = self.prefetch(remote).result()
            with suppress(_GivenUpError), _unless_given_up(local.path):
                return local.content()
            with self._lock:
                self._files.pop(_name(remote), None)
        raise _crowded_out(remote)

    def prefetch(self, remote: RemoteFile) -> Future[LocalFile]:
        """Begin to fetch a file that is not there, and count it as used now."""
        name = _name(remote)
        with self._lock:
            known = self._files.get(name)
            if known is None or (known.done() and known.exception()):
                known = self._files[name] = self._threads.submit(self._fetch, remote)
            self._files.move_to_end(name)
            return known

    def _fetch(self, remote: RemoteFile) -> LocalFile:
        path = self._directory / _name(remote)
        for _ in range(_NUM_TRIES):
            if not _is_copy_of(remote, path):
                path.unlink(missing_ok=True)
                self._make_room(remote)
                self._download(remote, path)
            with suppress(_GivenUpError), _unless_given_up(path):
                return LocalFile(path, verify=lambda: _check_copy(path, remote))
        raise _crowded_out(remote)

    def _make_room(self, remote: RemoteFile) -> None:
        if remote.num_bytes > self._max_bytes:
            raise UserError(
                f"cache.max_bytes is {self._max_bytes}, but {remote.url} alone has {remote.num_bytes} bytes",
                field="cache.max_bytes",
            )
        with self._lock:
            place = {name: number for number, name in enumerate(self._files, start=1)}
            kept = [(place.get(path.name, 0), path, num_bytes) for path, num_bytes in self._finished_or_abandoned()]
            too_many_bytes = sum(num_bytes for _, _, num_bytes in kept) + remote.num_bytes - self._max_bytes
            for _, path, num_bytes in sorted(kept):
                if too_many_bytes <= 0:
                    break
                path.unlink(missing_ok=True)
                self._files.pop(path.name, None)  # its map, and with it the space, goes with the last use
                too_many_bytes -= num_bytes

    def _finished_or_abandoned(self) -> Iterator[tuple[Path, int]]:
        """Give the files that may go, with their sizes; others may take any of them away meanwhile."""
        oldest = time.time() - _ABANDONED_SECONDS
        for path in self._directory.iterdir():
            with suppress(FileNotFoundError):
                status = path.stat()
                if not path.name.startswith(_PARTIAL) or status.st_mtime < oldest:
                    yield path, status.st_size

    def _download(self, remote: RemoteFile, path: Path) -> None:
        descriptor, partial = tempfile.mkstemp(prefix=_PARTIAL, dir=self._directory)
        try:
            with os.fdopen(descriptor, "wb") as file:
                digest, num_bytes = _copy(remote.url, file)
            if digest != remote.sha256:
                raise CorpusError(
                    f"{remote.url} does not fit its checksum: {num_bytes} bytes with SHA-256 {digest} came instead of "
                    f"{remote.num_bytes} with {remote.sha256}; it is not used"
                )
            Path(partial).rename(path)
        finally:
            Path(partial).unlink(missing_ok=True)


class _GivenUpError(Exception):
    """A copy was given up a moment ago, here or in another process, by who needed its room."""


@contextmanager
def _unless_given_up(path: Path) -> Iterator[None]:
    """Raise `_GivenUpError` instead of what came of a copy that is gone."""
    try:
        yield
    except (CorpusError, FileNotFoundError) as error:
        if path.exists() or not _is_of_missing_file(error):
            raise
        raise _GivenUpError from error


def _is_of_missing_file(error: Exception) -> bool:
    return isinstance(error, FileNotFoundError) or isinstance(error.__cause__, FileNotFoundError)


def _crowded_out(remote: RemoteFile) -> CorpusError:
    return CorpusError(
        f"{remote.url} was fetched {_NUM_TRIES} times, and each time other processes took its room before it was read; "
        "raise cache.max_bytes"
    )


def _is_copy_of(remote: RemoteFile, path: Path) -> bool:
    try:
        return hash_file(path) == remote.sha256
    except FileNotFoundError:
        return False


def _check_copy(path: Path, remote: RemoteFile) -> None:
    """Raise `CorpusError` if a copy, perhaps another process's, is not what it must be."""
    if hash_file(path) != remote.sha256:
        raise CorpusError(f"{path} was altered; remove it, and it is fetched again from {remote.url}")


def _copy(url: str, file: BinaryIO) -> tuple[str, int]:
    """Download a file; give SHA-256 (hexadecimal) and number of the bytes that came."""
    digest = hashlib.sha256()
    try:
        with fsspec.open(url, "rb") as source:
            while block := source.read(_BLOCK_BYTES):
                digest.update(block)
                file.write(block)
    except Exception as error:  # each kind of store raises its own
        raise CorpusError(f"{url} cannot be read: {type(error).__name__}: {error}") from error
    return digest.hexdigest(), file.tell()


class CachedFile:
    """A remote file of a shard, read through the cache."""

    def __init__(self, remote: RemoteFile, cache: ShardCache) -> None:
        self.num_bytes = remote.num_bytes
        self._remote = remote
        self._cache = cache

    def content(self) -> Bytes:
        """Give the whole file, fetched if it is not there, or raise `CorpusError` naming it."""
        return self._cache.content(self._remote)

    def check(self) -> None:
        """Do nothing: a copy in the cache is never written to again."""

    def will_need(self, begin: int, end: int) -> None:
        """Begin to fetch the file, or have the bytes of the local copy read ahead."""
        local = self._cache.prefetch(self._remote)
        if local.done() and not local.exception():
            local.result().will_need(begin, end)


def _name(remote: RemoteFile) -> str:
    return f"{remote.sha256[:32]}-{hashlib.sha256(remote.url.encode()).hexdigest()[:16]}"
