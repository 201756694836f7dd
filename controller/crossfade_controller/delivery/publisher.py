"""The publisher: every version goes to Redis; and the reconciler: the newest stays there."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress

from redis.asyncio import Redis

from crossfade_controller.database import Database
from crossfade_controller.delivery import repository
from crossfade_controller.delivery.isolation import Isolation
from crossfade_controller.delivery.mailbox import Letter, deliver
from crossfade_controller.events.feed import Feed
from crossfade_controller.events.repository import record
from crossfade_controller.failpoints import failpoint
from crossfade_controller.mixtures.models import MixtureVersion
from crossfade_controller.runs import repository as runs
from crossfade_controller.runs.models import Run
from crossfade_shared.envelope import MixtureEnvelope

_logger = logging.getLogger(__name__)
POLL_SECONDS = 1.0
RECONCILE_SECONDS = 2.0
ROUND_SECONDS = 0.05
"""Rounds begin no closer to one another: versions that come faster are published, and noted as such, together."""


class Publisher:
    """Publishes what was not yet, at once when woken and by polling otherwise."""

    def __init__(self, database: Database, redis: Redis, feed: Feed) -> None:
        self._database = database
        self._redis = redis
        self._feed = feed
        self._isolation = Isolation()
        self._woken = asyncio.Event()
        self._next_round = 0.0

    def wake(self) -> None:
        """Tell of a commit that made a version."""
        self._woken.set()

    async def publish(self) -> None:
        """Publish each run's newest version, where it was not yet, and those it overtook with it; then wait."""
        await asyncio.sleep(self._next_round - time.monotonic())
        self._next_round = time.monotonic() + ROUND_SECONDS
        self._woken.clear()
        async with self._database.read() as session:
            versions = await repository.newest_unpublished(session)
        for run, row in versions:
            what = f"publishing version {row.version} of run {run.name}"
            await self._isolation.attempt(what, self._publish(run, row))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)

    async def reconcile(self) -> None:
        """Repair every run's place in Redis that lost its newest version (FLUSHALL, an old dump), then wait."""
        async with self._database.read() as session:
            versions = await repository.newest_of_unfinished(session)
        for run, row in versions:
            what = f"keeping version {row.version} of run {run.name} in Redis"
            await self._isolation.attempt(what, self._repair(run, row))
        await asyncio.sleep(RECONCILE_SECONDS)

    async def _publish(self, run: Run, row: MixtureVersion) -> None:
        failpoint("before-publish")
        await deliver(self._redis, _letter(run, row))
        failpoint("after-publish")
        await self._note_published(run, row.version)

    async def _repair(self, run: Run, row: MixtureVersion) -> None:
        if await deliver(self._redis, _letter(run, row)):
            _logger.info("run %s: Redis was given version %d", run.name, row.version)

    async def _note_published(self, run: Run, up_to: int) -> None:
        async with self._database.write() as session:
            await runs.lock(session, run)
            for version in await repository.note_published(session, run.id, up_to=up_to):
                record(session, run, "mixture", version=version, state="published")
        self._feed.announce(run.id)


def _letter(run: Run, row: MixtureVersion) -> Letter:
    envelope = MixtureEnvelope(
        run=run.name,
        version=row.version,
        weights_ppm=dict(row.mixture.weights_ppm),
        digest=row.mixture.digest,
        takes_effect=row.takes_effect,
        decay_tokens=row.decay_tokens,
        author=row.author,
        reason=row.reason,
        created_at=row.created_at.isoformat(),
    )
    return Letter(envelope, run.signing_key)
