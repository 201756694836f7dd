"""Shard files at an address that fsspec opens (s3, gs, hf, https, ...), read through the cache of shards."""

from __future__ import annotations

import re

import fsspec

from crossfade_worker.data.errors import CorpusError
from crossfade_worker.data.manifest import MANIFEST_NAME, FileRecord, Manifest
from crossfade_worker.data.prepared import FileOpener, parse_manifest
from crossfade_worker.data.shard_cache import CachedFile, RemoteFile, ShardCache

CHECKSUMS_NAME = "SHA256SUMS"
_CHECKSUM_LINE = re.compile(r"([0-9a-f]{64}) [ *](?:\./)?(.+)")


class RemoteFolder:
    """A remote folder whose `SHA256SUMS` (as `sha256sum * > SHA256SUMS` writes it) names its files."""

    def __init__(self, url: str, cache: ShardCache) -> None:
        self.place = url.rstrip("/")
        self._cache = cache
        self._checksums = _read_checksums(f"{self.place}/{CHECKSUMS_NAME}")

    def names(self) -> list[str]:
        """Give the names of the files that have a checksum, sorted."""
        return sorted(self._checksums)

    def open(self, name: str) -> CachedFile:
        """Open a file, which is fetched when it is first read; raises `CorpusError` for one without a checksum."""
        url = f"{self.place}/{name}"
        if name not in self._checksums:
            raise CorpusError(
                f"{url} is not in {CHECKSUMS_NAME} beside it; write `sha256sum * > {CHECKSUMS_NAME}` there"
            )
        return CachedFile(RemoteFile(url, _num_bytes(url), self._checksums[name]), self._cache)

    def fingerprint(self, name: str) -> str:
        """Give the checksum of a file."""
        return self._checksums[name]


def open_remote_manifest(url: str, cache: ShardCache) -> tuple[Manifest, FileOpener]:
    """Read the manifest of a prepared corpus at an address; give it and what opens its files."""
    place = url.rstrip("/")
    manifest = parse_manifest(_read(f"{place}/{MANIFEST_NAME}"), f"{place}/{MANIFEST_NAME}")

    def open_file(record: FileRecord) -> CachedFile:
        return CachedFile(RemoteFile(f"{place}/{record.path}", record.num_bytes, record.sha256), cache)

    return manifest, open_file


def _read_checksums(url: str) -> dict[str, str]:
    checksums = {}
    for number, line in enumerate(_read(url).decode("utf-8", "replace").splitlines(), start=1):
        match = _CHECKSUM_LINE.fullmatch(line)
        if match is None:
            raise CorpusError(f"{url}, line {number}: expected 64 hexadecimal digits, two spaces and a file name")
        checksums[match[2]] = match[1]
    return checksums


def _read(url: str) -> bytes:
    try:
        with fsspec.open(url, "rb") as file:
            return bytes(file.read())
    except Exception as error:  # each kind of store raises its own
        raise CorpusError(f"{url} cannot be read: {type(error).__name__}: {error}") from error


def _num_bytes(url: str) -> int:
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
        return int(filesystem.info(path)["size"])
    except Exception as error:  # each kind of store raises its own
        raise CorpusError(f"{url} cannot be read: {type(error).__name__}: {error}") from error
