"""Telemetry leaves in order, each batch once, bounded in memory, and what is dropped is counted (T2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import redis
from tests.redis_box import RedisBox

from crossfade_shared.channels import Channels
from crossfade_shared.telemetry import (
    CheckpointReport,
    DroppedReport,
    FinishedReport,
    Report,
    StepReport,
    decode_reports,
)
from crossfade_worker.reporting import telemetry
from crossfade_worker.reporting.telemetry import TelemetrySender


def step(number: int) -> StepReport:
    return StepReport(
        step=number,
        tokens=number,
        version=1,
        phase="stable",
        loss=1.0,
        learning_rate=0.1,
        gradient_norm=1.0,
        seconds=0.1,
        source_loss={},
        source_tokens={},
    )


def entries(url: str) -> list[tuple[int, int, list[Report]]]:
    with redis.Redis.from_url(url) as client:
        found: Any = client.xrange(Channels("toy").telemetry)
    return [
        (int(fields[b"attempt"]), int(fields[b"sequence"]), decode_reports(fields[b"reports"])) for _, fields in found
    ]


def test_batches_are_numbered_and_reports_keep_their_order(redis_url: str) -> None:
    sender = TelemetrySender(redis_url, run="toy")
    for number in range(450):
        sender.report(step(number))
    sender.start(attempt=3)
    sender.report(FinishedReport(step=450, tokens=450))
    sender.stop()
    sent = entries(redis_url)
    assert {attempt for attempt, _, _ in sent} == {3}
    assert [sequence for _, sequence, _ in sent] == list(range(len(sent)))
    reports = [report for _, _, batch in sent for report in batch]
    assert [report.step for report in reports if isinstance(report, StepReport)] == list(range(450))
    assert reports[-1] == FinishedReport(step=450, tokens=450)


def test_an_outage_costs_steps_but_no_event_and_the_loss_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "MAX_WAITING_REPORTS", 100)
    box = RedisBox(tmp_path / "redis")
    box.start()
    url = box.url
    box.stop()
    sender = TelemetrySender(url, run="toy")
    for number in range(1000):
        sender.report(step(number))
    sender.report(CheckpointReport(step=1000, tokens=1000, path="p"))
    box.start()
    try:
        sender.start(attempt=1)
        sender.stop()
        reports = [report for _, _, batch in entries(url) for report in batch]
    finally:
        box.stop()
    assert [report.step for report in reports if isinstance(report, StepReport)] == list(range(100))
    assert [report.num_reports for report in reports if isinstance(report, DroppedReport)] == [900]
    assert isinstance(reports[-1], CheckpointReport)


def test_a_sender_without_redis_ends_in_time_and_says_what_was_lost(caplog: pytest.LogCaptureFixture) -> None:
    sender = TelemetrySender("unix:///nowhere/redis.sock", run="toy")
    sender.start(attempt=1)
    sender.report(step(0))
    sender.stop(patience_seconds=3)
    assert "1 reports could not be sent" in caplog.text
