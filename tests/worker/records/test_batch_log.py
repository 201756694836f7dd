"""Batch logs: every whole line is read, a torn one is left out, a damaged one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossfade_shared.errors import UserError
from crossfade_worker.records.batch_log import BatchLog, BatchLogFile, BatchRecord, batch_log_files

RECORDS = [BatchRecord(step=step, version=1, mixture="m" * 64, plan="p" * 64, tokens="t" * 64) for step in range(50)]


@pytest.fixture
def log(tmp_path: Path) -> BatchLogFile:
    with BatchLog(tmp_path, attempt=12, rank=1, world_size=2) as writer:
        for record in RECORDS:
            writer.write(record)
    (file,) = batch_log_files(tmp_path)
    return file


def test_what_was_written_is_read(log: BatchLogFile) -> None:
    assert (log.attempt, log.rank, log.world_size) == (12, 1, 2)
    assert list(log.records()) == RECORDS
    assert log.last_step() == 49


def test_a_torn_line_is_left_out(log: BatchLogFile) -> None:
    log.path.write_bytes(log.path.read_bytes()[:-10])
    assert list(log.records()) == RECORDS[:-1]
    assert log.last_step() == 48


def test_an_empty_log_has_no_last_step(log: BatchLogFile) -> None:
    for content in (b"", b'{"step": 0'):
        log.path.write_bytes(content)
        assert log.last_step() is None


def test_a_line_of_zeros_is_named(log: BatchLogFile) -> None:
    log.path.write_bytes(log.path.read_bytes() + b"\0" * 100 + b"\n")
    with pytest.raises(UserError, match="line 51: not a batch record"):
        list(log.records())
    with pytest.raises(UserError, match="the last line: not a batch record"):
        log.last_step()
