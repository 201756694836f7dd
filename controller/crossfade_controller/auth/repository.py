"""Queries of tokens."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.auth.models import Token
from crossfade_controller.database import now
from crossfade_controller.problems import Problem
from crossfade_controller.runs.models import Run

Named = tuple[Token, str | None]
"""A token and the name of the run it is bound to."""

_WITH_RUN = select(Token, Run.name).outerjoin(Run, Run.id == Token.run_id)


async def by_digest(session: AsyncSession, digest: bytes) -> Named | None:
    """Give the token with a secret of this SHA-256, whatever its state."""
    return (await session.execute(_WITH_RUN.where(Token.digest == digest))).one_or_none()


async def find(session: AsyncSession, token_id: int) -> Named:
    """Give one token, whatever its state; raises a 404 `Problem`."""
    found = (await session.execute(_WITH_RUN.where(Token.id == token_id))).one_or_none()
    if found is None:
        raise Problem(
            404,
            f"there is no token {token_id}; `crossfade token list` shows them",
            kind="unknown-token",
            field="token_id",
        )
    return found


async def page(session: AsyncSession, *, after_id: int | None, limit: int) -> Sequence[Named]:
    """Give tokens, newest first, from before an id on."""
    query = _WITH_RUN.order_by(Token.id.desc()).limit(limit)
    return (await session.execute(query if after_id is None else query.where(Token.id < after_id))).all()


async def any_was_made(session: AsyncSession) -> bool:
    """Say whether the database ever had a token."""
    return await session.scalar(select(Token.id).limit(1)) is not None


async def any_works(session: AsyncSession) -> bool:
    """Say whether somebody could come in with a token of the database."""
    working = select(Token.id).where(Token.revoked_at.is_(None), Token.expires_at > now())
    return await session.scalar(working.limit(1)) is not None
