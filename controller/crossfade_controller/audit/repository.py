"""Queries of the audit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.audit.chain import line_hash
from crossfade_controller.audit.models import AuditEntry, AuditHead
from crossfade_controller.database import now

_BATCH_LINES = 1000


async def append(session: AsyncSession, *, actor: str, action: str, run: str | None = None, **detail: Any) -> None:  # noqa: ANN401 - JSON
    """Write the next line, in the transaction that does what it tells.

    It holds the chain's one lock until the commit: call it last, after every other lock is taken.
    """
    head = await _head(session, lock=True)
    line = AuditEntry(
        sequence=head.sequence + 1,
        at=now(),
        actor=actor,
        action=action,
        run=run,
        detail=detail,
        previous_hash=head.hash,
    )
    line.hash = line_hash(line)
    session.add(line)
    head.sequence, head.hash = line.sequence, line.hash
    await session.flush()


async def head(session: AsyncSession) -> AuditHead:
    """Give where the chain ends."""
    return await _head(session, lock=False)


async def page(session: AsyncSession, *, run: str | None, after: int, limit: int) -> Sequence[AuditEntry]:
    """Give lines, oldest first, from after a number on; of one run or of all."""
    query = select(AuditEntry).where(AuditEntry.sequence > after)
    query = query if run is None else query.where(AuditEntry.run == run)
    return (await session.scalars(query.order_by(AuditEntry.sequence).limit(limit))).all()


async def all_lines(session: AsyncSession) -> AsyncIterator[AuditEntry]:
    """Give every line in order, some at a time."""
    lines = await session.stream_scalars(
        select(AuditEntry).order_by(AuditEntry.sequence).execution_options(yield_per=_BATCH_LINES)
    )
    async for line in lines:
        yield line


async def _head(session: AsyncSession, *, lock: bool) -> AuditHead:
    query = select(AuditHead).execution_options(populate_existing=True)
    return (await session.scalars(query.with_for_update() if lock else query)).one()
