"""Health: is the process alive, and can it do its work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from crossfade_controller.auth.access import public
from crossfade_controller.services import Services, ServicesOfApp

router = APIRouter(tags=["health"])
PATIENCE_SECONDS = 2.0
Part = Literal["ok", "failed"]


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """`failed` without the database; `degraded` without Redis: changes are kept and delivered when it is back."""

    status: Literal["ok", "degraded", "failed"]
    database: Part
    redis: Part


@router.get("/livez", dependencies=[public])
async def get_liveness() -> Liveness:
    """Say that the process answers."""
    return Liveness()


@router.get(
    "/readyz",
    dependencies=[public],
    responses={503: {"model": Readiness, "description": "the database does not answer"}},
)
async def get_readiness(services: ServicesOfApp, response: Response) -> Readiness:
    """Say what works; 503 when the database does not."""
    database, redis = await asyncio.gather(_works(_ask_database(services)), _works(_ask_redis(services)))
    if database == "failed":
        response.status_code = 503
        return Readiness(status="failed", database=database, redis=redis)
    return Readiness(status="ok" if redis == "ok" else "degraded", database=database, redis=redis)


async def _ask_database(services: Services) -> None:
    async with services.database.within(PATIENCE_SECONDS).read() as session:
        await session.execute(text("SELECT 1"))


async def _ask_redis(services: Services) -> None:
    await asyncio.wait_for(services.redis.ping(), PATIENCE_SECONDS)


async def _works(question: Awaitable[None]) -> Part:
    try:
        await question
    except (SQLAlchemyError, RedisError, OSError):  # a TimeoutError is an OSError
        return "failed"
    return "ok"
