"""A loop that goes on: an outage is waited out, told once when it begins and once when it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from crossfade_controller.outages import OUTAGES

_logger = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
_OUTAGES = (RedisError, DBAPIError, *OUTAGES, OSError)


async def keep_going(name: str, once: Callable[[], Awaitable[None]]) -> NoReturn:
    """Call `once` again and again until cancelled; after a failure wait, twice as long each time, up to 2 s."""
    pause_seconds = _FIRST_PAUSE_SECONDS
    while True:
        try:
            await once()
        except Exception as error:
            if pause_seconds == _FIRST_PAUSE_SECONDS:
                trace = None if isinstance(error, _OUTAGES) else error
                _logger.warning("%s: %s; it is tried again until it works", name, error, exc_info=trace)
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
        else:
            if pause_seconds != _FIRST_PAUSE_SECONDS:
                _logger.warning("%s: it works again", name)
            pause_seconds = _FIRST_PAUSE_SECONDS
