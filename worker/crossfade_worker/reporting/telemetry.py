"""Telemetry: reports leave training by a queue in memory and reach Redis from a background thread.

Lossy by design: memory is bounded, and what had to be dropped is counted and reported.
"""

from __future__ import annotations

import logging
import random
import threading
from collections import deque

import redis

from crossfade_shared.channels import TELEMETRY_MAX_ENTRIES, Channels
from crossfade_shared.telemetry import FORMAT, DroppedReport, Report, StepReport, encode_reports

SEND_SECONDS = 0.25
MAX_REPORTS_IN_BATCH = 200
MAX_WAITING_REPORTS = 20_000
MAX_BACKOFF_SECONDS = 5.0
SOCKET_TIMEOUT_SECONDS = 5.0

logger = logging.getLogger(__name__)


class TelemetrySender:
    """Sends one attempt's reports in order; `report` never waits and never raises."""

    def __init__(self, redis_url: str, *, run: str) -> None:
        self._redis_url = redis_url
        self._stream = Channels(run).telemetry
        self._attempt = 0
        self._waiting: deque[Report] = deque()
        self._num_dropped = 0
        self._sequence = 0
        self._batch: list[Report] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)

    def start(self, *, attempt: int) -> None:
        """Begin to send, as this attempt."""
        self._attempt = attempt
        self._thread.start()

    def report(self, report: Report) -> None:
        """Queue a report. When the queue is full steps are dropped; the rare other reports never are."""
        if isinstance(report, StepReport) and len(self._waiting) >= MAX_WAITING_REPORTS:
            self._num_dropped += 1
            return
        self._waiting.append(report)

    def stop(self, *, patience_seconds: float = 5.0) -> None:
        """Send what is left, if Redis takes it within the patience, and say what was lost if it does not."""
        self._stopping.set()
        self._thread.join(timeout=patience_seconds)
        if lost := len(self._waiting) + len(self._batch) + self._num_dropped:
            logger.warning("%d reports could not be sent to Redis", lost)

    def _run(self) -> None:
        backoff_seconds = SEND_SECONDS
        client = redis.Redis.from_url(
            self._redis_url, socket_timeout=SOCKET_TIMEOUT_SECONDS, socket_connect_timeout=SOCKET_TIMEOUT_SECONDS
        )
        while True:
            last_round = self._stopping.is_set()
            try:
                while self._fill_batch():
                    self._send_batch(client)
                backoff_seconds = SEND_SECONDS
            except (redis.RedisError, OSError) as error:
                logger.info("telemetry waits: Redis cannot be reached (%s)", error)
                backoff_seconds = min(2 * backoff_seconds, MAX_BACKOFF_SECONDS)
            if last_round:
                client.close()
                return
            self._stopping.wait(backoff_seconds * random.uniform(0.75, 1.25))  # noqa: S311 - spreads reconnects

    def _fill_batch(self) -> bool:
        """Take the next batch unless one is still waiting to be sent again under its sequence number."""
        if not self._batch:
            dropped, self._num_dropped = self._num_dropped, 0
            if dropped:
                self._batch.append(DroppedReport(num_reports=dropped))
            while self._waiting and len(self._batch) < MAX_REPORTS_IN_BATCH:
                self._batch.append(self._waiting.popleft())
        return bool(self._batch)

    def _send_batch(self, client: redis.Redis) -> None:
        fields: dict[str | bytes, bytes | str | int] = {
            "format": FORMAT,
            "attempt": self._attempt,
            "sequence": self._sequence,
            "reports": encode_reports(self._batch),
        }
        client.xadd(self._stream, fields, maxlen=TELEMETRY_MAX_ENTRIES, approximate=True)  # type: ignore[arg-type]
        self._sequence += 1
        self._batch = []
