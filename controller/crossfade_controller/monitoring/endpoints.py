"""`/metrics`, for Prometheus."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from sqlalchemy.exc import SQLAlchemyError

from crossfade_controller.auth.access import requires
from crossfade_controller.database import Database, now
from crossfade_controller.monitoring.gauges import Gauges
from crossfade_controller.monitoring.instruments import REGISTRY
from crossfade_controller.monitoring.repository import RunState, run_states
from crossfade_controller.services import ServicesOfApp
from crossfade_shared.channels import Channels

PATIENCE_SECONDS = 2.0
_logger = logging.getLogger(__name__)
router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    dependencies=[requires("viewer")],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "the text format of Prometheus"}},
)
async def get_metrics(services: ServicesOfApp) -> Response:
    """Give every series; those of the runs are missing while the database does not answer."""
    states = await _states(services.database)
    backlogs = await _backlogs(services.redis, [each.run.name for each in states or []])
    scrape = CollectorRegistry()
    scrape.register(
        Gauges(
            states or [],
            backlogs or {},
            at=now(),
            up={"database": states is not None, "redis": backlogs is not None},
            num_streams=services.streams.num_open,
        )
    )
    return Response(generate_latest(REGISTRY) + generate_latest(scrape), media_type=CONTENT_TYPE_LATEST)


async def _states(database: Database) -> Sequence[RunState] | None:
    """Give the state of the runs, or None where the database does not answer."""
    try:
        async with database.within(PATIENCE_SECONDS).read() as session:
            return await run_states(session)
    except (SQLAlchemyError, OSError) as error:
        _logger.warning("the runs are missing in /metrics: %s", error)
        return None


async def _backlogs(redis: Redis, runs: Sequence[str]) -> dict[str, int] | None:
    """Give by run how many batches were not stored yet, or None where Redis does not answer."""
    try:
        await redis.ping()
        return {run: await _backlog(redis, run) for run in runs}
    except (RedisError, OSError):
        return None


async def _backlog(redis: Redis, run: str) -> int:
    try:
        groups = await redis.xinfo_groups(Channels(run).telemetry)
    except ResponseError:  # there is no stream yet
        return 0
    return sum((group["lag"] or 0) + group["pending"] for group in groups)
