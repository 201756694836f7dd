"""The link of a job to its controller, by way of Redis: mixtures in, reports out. Rank 0 alone has one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol, Self

from crossfade_shared.envelope import MixtureEnvelope
from crossfade_shared.telemetry import RefusedReport, Report
from crossfade_worker.mixing.last_known_good import LastKnownGood
from crossfade_worker.mixing.subscriber import MixtureSubscriber
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.reporting.telemetry import TelemetrySender
from crossfade_worker.streaming.settings import SourcesOfRun

FIRST_LOOK_SECONDS = 3.0
"""How long a start may wait for Redis: with everything down, training still starts within 5 s."""


class Link(Protocol):
    """What training sees of the world outside; neither method ever waits or raises."""

    attempt: int
    """Number of this attempt: higher than any that the folder or the controller knows of."""

    def newest(self) -> MixtureEnvelope | None:
        """Give the newest valid mixture version that has arrived."""

    def report(self, report: Report) -> None:
        """Hand over a report for the controller."""


class NoLink:
    """The link of every rank but the first, and of a run without a controller."""

    def __init__(self, *, attempt: int) -> None:
        self.attempt = attempt

    def newest(self) -> MixtureEnvelope | None:
        """Give nothing: rank 0 tells."""
        return None

    def report(self, report: Report) -> None:
        """Discard it: there is nobody to read it."""


class RedisLink:
    """A link whose threads run for the length of a block."""

    def __init__(self, subscriber: MixtureSubscriber, sender: TelemetrySender, *, attempt: int) -> None:
        self.attempt = attempt
        self._subscriber = subscriber
        self._sender = sender

    def newest(self) -> MixtureEnvelope | None:
        """Give the newest valid mixture version that has arrived."""
        return self._subscriber.newest

    def report(self, report: Report) -> None:
        """Hand over a report for the controller."""
        self._sender.report(report)

    def __enter__(self) -> Self:
        self._subscriber.start(patience_seconds=FIRST_LOOK_SECONDS)
        # Where the run's folder was lost or is another one, the controller still knows of earlier attempts.
        self.attempt = max(self.attempt, self._subscriber.highest_attempt + 1)
        self._sender.start(attempt=self.attempt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._subscriber.stop()
        self._sender.stop()


@contextmanager
def open_link(
    settings: SourcesOfRun, sources: Sequence[str], directory: RunDirectory, *, attempt: int, is_leader: bool
) -> Iterator[Link]:
    """Follow the run's mixture and send its reports until the end of the block, if the run has a Redis at all."""
    if not is_leader or not settings.control.redis_url:
        yield NoLink(attempt=attempt)
        return
    key = settings.control.signing_key()
    sender = TelemetrySender(settings.control.redis_url, run=settings.run)
    subscriber = MixtureSubscriber(
        settings.control.redis_url,
        run=settings.run,
        key=key,
        sources=sources,
        last_known_good=LastKnownGood(directory.last_known_good, run=settings.run, key=key, sources=sources),
        on_refusal=lambda why: sender.report(RefusedReport(why=why)),
    )
    with RedisLink(subscriber, sender, attempt=attempt) as link:
        yield link
