"""The application: settings, lifespan, middleware, routers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from crossfade_controller.audit.endpoints import router as audit_router
from crossfade_controller.auth.endpoints import router as auth_router
from crossfade_controller.auth.gate import Gate
from crossfade_controller.auth.refusals import register_refusals
from crossfade_controller.benchmarks.endpoints import router as benchmarks_router
from crossfade_controller.dashboard.endpoints import router as dashboard_router
from crossfade_controller.database import Database
from crossfade_controller.delivery.intake import Intake
from crossfade_controller.delivery.loops import keep_going
from crossfade_controller.delivery.publisher import Publisher
from crossfade_controller.edge import Edge
from crossfade_controller.events.endpoints import router as events_router
from crossfade_controller.events.feed import Feed
from crossfade_controller.events.stream import Streams
from crossfade_controller.forecast.endpoints import router as forecast_router
from crossfade_controller.guardrails.endpoints import router as guardrails_router
from crossfade_controller.health import router as health_router
from crossfade_controller.hosts import AllowedHosts
from crossfade_controller.memory import Memory
from crossfade_controller.metrics.endpoints import router as metrics_router
from crossfade_controller.metrics.retention import Retention
from crossfade_controller.mixtures.change_endpoints import router as changes_router
from crossfade_controller.mixtures.endpoints import router as mixtures_router
from crossfade_controller.monitoring.endpoints import router as monitoring_router
from crossfade_controller.openapi import describe
from crossfade_controller.problems import register_problems
from crossfade_controller.runs.endpoints import router as runs_router
from crossfade_controller.services import Services
from crossfade_controller.settings import Settings
from crossfade_controller.sources.endpoints import router as sources_router

REDIS_TIMEOUT_SECONDS = 2.0
LOOPS_PATIENCE_SECONDS = 60.0
"""For what no request waits for; a server ends any statement sooner, so one that is silent for so long is gone."""
MIXTURES_IN_MEMORY = 1000
RUNS_IN_MEMORY = 1000
CURVES_IN_MEMORY = 100
ROUTERS = (
    runs_router,
    sources_router,
    mixtures_router,
    changes_router,
    guardrails_router,
    forecast_router,
    benchmarks_router,
    metrics_router,
    events_router,
    auth_router,
    audit_router,
    monitoring_router,
    health_router,
    dashboard_router,
)


def create_app(settings: Settings) -> FastAPI:
    """Make the application; its database must be at this program's revision (`migration.migrate`)."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _running_services(settings) as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="Crossfade controller",
        description="Steer the data mixture of a language-model run while it trains.",
        version=version("crossfade"),
        lifespan=lifespan,
        docs_url=None,  # the usual pages load their parts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # a path that is none is told so
    )
    app.add_middleware(AllowedHosts, loopback=settings.loopback, names=settings.allowed_hosts)
    app.add_middleware(Edge, max_open_requests=settings.max_open_requests)
    register_problems(app)
    register_refusals(app)
    for router in ROUTERS:
        app.include_router(router)
    describe(app, routes())
    return app


def routes() -> list[APIRoute]:
    """Give every route of the application."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


@asynccontextmanager
async def _running_services(settings: Settings) -> AsyncIterator[Services]:
    """Run the loops between the database and Redis; they outlive any outage of either."""
    database, feed = Database(settings.database_url), Feed()
    for_loops, for_requests = (
        database.within(seconds) for seconds in (LOOPS_PATIENCE_SECONDS, settings.database_patience_seconds)
    )
    redis = Redis.from_url(
        settings.redis_url,
        protocol=2,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), retries=1),  # the loops have a patience of their own
    )
    short_patience = _short_patience(settings)
    publisher, intake = Publisher(for_loops, redis, feed), Intake(for_loops, redis, feed)
    retention = Retention(for_loops, full_resolution_steps=settings.full_resolution_steps)
    loops = [
        asyncio.create_task(keep_going("publishing to Redis", publisher.publish)),
        asyncio.create_task(keep_going("reconciling Redis", publisher.reconcile)),
        asyncio.create_task(keep_going("taking in telemetry", intake.take_in)),
        asyncio.create_task(keep_going("deleting what is too old", retention.prune)),
    ]
    try:
        yield Services(
            database=for_requests,
            redis=redis,
            feed=feed,
            publisher=publisher,
            gate=_gate(settings, for_requests),
            streams=Streams(for_requests, feed),
            mixtures=Memory(feed, most=MIXTURES_IN_MEMORY, patience_seconds=short_patience),
            runs=Memory(feed, most=RUNS_IN_MEMORY, patience_seconds=short_patience, fresh_seconds=0),
            curves=Memory(feed, most=CURVES_IN_MEMORY, patience_seconds=short_patience),
        )
    finally:
        for loop in loops:
            loop.cancel()
        for loop in loops:
            with suppress(asyncio.CancelledError):
                await loop
        await redis.aclose()
        await database.close()


def _gate(settings: Settings, database: Database) -> Gate:
    admin_token = settings.admin_token.get_secret_value() if settings.admin_token else None
    return Gate(
        database,
        admin_token=admin_token,
        anonymous_viewer=settings.anonymous_viewer,
        patience_seconds=_short_patience(settings),
    )


def _short_patience(settings: Settings) -> float:
    """Give how long the database is waited for where something else can be answered."""
    return settings.database_patience_seconds / 5
