"""When the database does not answer: what is raised then, and how long anybody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_LAST_WORDS_SECONDS = 0.5


class OutageError(SQLAlchemyError):
    """The database did not answer."""


class SlowDatabaseError(OutageError):
    """The database took longer than anybody waits; what was begun is rolled back."""


class UnknownOutcomeError(OutageError):
    """The database went away in the middle of a commit: it is not known whether the commit was made."""


OUTAGES = (OperationalError, InterfaceError, PoolTimeoutError, OutageError)
"""What is raised while the database does not answer."""


@asynccontextmanager
async def in_time(seconds: float | None) -> AsyncIterator[None]:
    """Give up what is done in here after some seconds and raise `SlowDatabaseError`; None waits for ever.

    A driver that is interrupted asks the server to stop, and waits for its answer: a silent server has half a second
    for that, then the connection is closed.
    """
    last = None if seconds is None else seconds + _LAST_WORDS_SECONDS
    try:
        async with asyncio.timeout(last), asyncio.timeout(seconds) as patience:
            yield
    except TimeoutError as error:
        if not patience.expired():
            raise
        raise SlowDatabaseError(f"the database did not answer within {seconds} s") from error
