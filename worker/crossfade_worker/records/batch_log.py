"""The batch log: what every rank really drew, a line a step, so that a replay can prove it or say where it differs."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import xxhash
from numpy.typing import NDArray

from crossfade_shared.errors import UserError

_TAIL_BYTES = 4096  # more than two lines
_FILE_NAME = re.compile(r"attempt-(\d{4,})-rank-(\d{4,})-of-(\d{4,})\.jsonl")


@dataclass(frozen=True)
class BatchRecord:
    """One step as one rank drew it."""

    step: int
    version: int
    mixture: str
    """Digest of the mixture."""
    plan: str
    """Digest of the whole global batch's composition: equal on every rank."""
    tokens: str
    """Digest of the tokens that this rank read."""


@dataclass(frozen=True)
class BatchLogFile:
    """The log of one rank in one attempt."""

    path: Path
    attempt: int
    rank: int
    world_size: int

    def records(self) -> Iterator[BatchRecord]:
        """Read the lines in order; a last line torn by a crash is left out."""
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith(b"\n"):
                    yield self._record(line, where=f"line {number}")

    def last_step(self) -> int | None:
        """Give the last step that was drawn, or None; only the end of the file is read."""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            whole = file.read().rpartition(b"\n")[0]
        line = whole.rpartition(b"\n")[2]
        return self._record(line, where="the last line").step if line else None

    def _record(self, line: bytes, *, where: str) -> BatchRecord:
        try:
            return BatchRecord(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise UserError(
                f"{self.path}, {where}: not a batch record ({error}); restore the file from a copy"
            ) from error


class BatchLog:
    """Appends this rank's records; every line reaches the operating system before its batch is trained on."""

    def __init__(self, directory: Path, *, attempt: int, rank: int, world_size: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"attempt-{attempt:04d}-rank-{rank:04d}-of-{world_size:04d}.jsonl"
        self._file = path.open("xb", buffering=0)

    def write(self, record: BatchRecord) -> None:
        """Append one line; raises `OSError` where the disk does not take the whole of it."""
        line = json.dumps(vars(record)).encode() + b"\n"
        if self._file.write(line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def batch_log_files(directory: Path) -> list[BatchLogFile]:
    """Give the logs of a run by attempt and rank."""
    found = ((path, _FILE_NAME.fullmatch(path.name)) for path in directory.glob("attempt-*.jsonl"))
    files = [BatchLogFile(path, int(match[1]), int(match[2]), int(match[3])) for path, match in found if match]
    return sorted(files, key=lambda file: (file.attempt, file.rank))


def tokens_digest(tokens: NDArray[np.integer]) -> str:
    """XXH3 (128 bits, hexadecimal) of `[rows, length + 1]` tokens, the same whatever type holds them.

    It goes over all that is read, at the speed of memory where SHA-256 would take longer than reading. It finds what
    went wrong, not what somebody forged; plans and shards have cryptographic digests of their own.
    """
    return xxhash.xxh3_128_hexdigest(np.ascontiguousarray(tokens, dtype="<i8").data)
