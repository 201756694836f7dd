"""One run's trouble stays its own: what fails for it alone is told once and tried again, and the others go on."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable

from redis import exceptions as redis_errors

from crossfade_controller.outages import OUTAGES

_logger = logging.getLogger(__name__)
_REST_SECONDS = 2.0
_OUTAGES = (redis_errors.ConnectionError, redis_errors.TimeoutError, *OUTAGES, OSError)


class Isolation:
    """Remembers what fails, so that each failure is told when it begins and when it ends, and not in between."""

    def __init__(self) -> None:
        self._rests_until: dict[str, float] = {}

    def rests(self, what: str) -> bool:
        """Tell whether something failed so lately that it should not be tried yet."""
        return time.monotonic() < self._rests_until.get(what, 0.0)

    async def attempt(self, what: str, doing: Awaitable[None]) -> bool:
        """Wait for something done for one run and tell whether it worked; an outage, which hits all runs, is raised."""
        try:
            await doing
        except _OUTAGES:
            raise
        except Exception as error:
            if what not in self._rests_until:
                _logger.warning("%s: %s; it is tried again, and the others go on", what, error, exc_info=error)
            self._rests_until[what] = time.monotonic() + _REST_SECONDS
            return False
        if self._rests_until.pop(what, None):
            _logger.warning("%s: it works again", what)
        return True
