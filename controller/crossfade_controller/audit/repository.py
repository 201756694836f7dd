"""Queries of the audit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.audit.chain import line_hash
from crossfade_controller.audit.models import AuditEntry, AuditHead
from crossfade_controller.database import now

_BATCH_LINES = 1000
_END_LOCKED = select(AuditHead.sequence, AuditHead.hash).with_for_update()
_MOVE_END = update(AuditHead.__table__).values(sequence=bindparam("to"), hash=bindparam("to_hash"))  # type: ignore[arg-type] # a table it is


async def append(session: AsyncSession, *, actor: str, action: str, run: str | None = None, **detail: Any) -> None:  # noqa: ANN401 - JSON
    """Write the next line, in the transaction that does what it tells.

    It holds the chain's one lock until the commit: call it last, after every other lock is taken.
    """
    last, last_hash = (await session.execute(_END_LOCKED)).one()
    line = AuditEntry(
        sequence=last + 1,
        at=now(),
        actor=actor,
        action=action,
        run=run,
        detail=detail,
        previous_hash=last_hash,
    )
    line.hash = line_hash(line)
    session.add(line)
    await session.execute(_MOVE_END, {"to": line.sequence, "to_hash": line.hash})


async def head(session: AsyncSession) -> AuditHead | None:
    """Give where the chain ends; None where somebody took that away."""
    return (await session.scalars(select(AuditHead).execution_options(populate_existing=True))).one_or_none()


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
