"""The running parts of one controller, and how an endpoint gets at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from redis.asyncio import Redis

from crossfade_controller.auth.gate import Gate
from crossfade_controller.database import Database
from crossfade_controller.delivery.publisher import Publisher
from crossfade_controller.events.feed import Feed
from crossfade_controller.events.stream import Streams
from crossfade_controller.failpoints import failpoint
from crossfade_controller.memory import Memory
from crossfade_controller.mixtures.answer import CurrentMixture


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the application holds while it runs."""

    database: Database
    redis: Redis
    feed: Feed
    publisher: Publisher
    gate: Gate
    streams: Streams
    mixtures: Memory[CurrentMixture]
    runs: Memory[bytes]
    curves: Memory[bytes]

    def tell_of_version(self, run_id: int) -> None:
        """Wake the publisher and the followers of a run, and forget what was known; call it after the commit."""
        failpoint("version-after-commit")
        self.publisher.wake()
        self.feed.announce(run_id)


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesOfApp = Annotated[Services, Depends(_services)]
