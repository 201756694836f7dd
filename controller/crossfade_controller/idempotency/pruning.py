"""Keys are forgotten some time after their request: whoever repeats it has done so by then."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import delete, select, tuple_

from crossfade_controller.database import Database, now
from crossfade_controller.idempotency.models import IdempotencyKey

KEPT_HOURS = 24
_ROWS_AT_ONCE = 2000
_PAUSE_SECONDS = 0.02
"""Between two transactions, so that others who write come first."""


async def forget_old_keys(database: Database) -> None:
    """Delete the keys that are older than `KEPT_HOURS`, in small transactions, oldest first."""
    named = tuple_(IdempotencyKey.run, IdempotencyKey.key)
    old = select(IdempotencyKey.run, IdempotencyKey.key).where(
        IdempotencyKey.created_at < now() - timedelta(hours=KEPT_HOURS)
    )
    some = old.order_by(IdempotencyKey.created_at).limit(_ROWS_AT_ONCE)
    statement = delete(IdempotencyKey).where(named.in_(some)).returning(IdempotencyKey.key)
    while True:
        async with database.write() as session:
            forgotten = await session.execute(statement.execution_options(synchronize_session=False))
            num_forgotten = len(forgotten.all())
        if num_forgotten < _ROWS_AT_ONCE:
            return
        await asyncio.sleep(_PAUSE_SECONDS)
