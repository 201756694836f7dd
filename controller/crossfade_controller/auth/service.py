"""How tokens are made and revoked."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.audit import repository as audit
from crossfade_controller.auth import repository
from crossfade_controller.auth.models import Token
from crossfade_controller.auth.repository import Named
from crossfade_controller.auth.schemas import NewToken
from crossfade_controller.auth.secrets import digest_of, new_secret
from crossfade_controller.database import now
from crossfade_controller.problems import Problem
from crossfade_controller.runs import repository as runs
from crossfade_controller.runs.models import Run


async def create(session: AsyncSession, asked: NewToken, *, by: str) -> tuple[Token, str]:
    """Write a token and give it with its secret; raises a 422 `Problem` for a run that is none."""
    run = None if asked.run is None else await _run(session, asked.run)
    secret = new_secret()
    token = Token(
        name=asked.name,
        digest=digest_of(secret),
        scopes=asked.scopes,
        run_id=run.id if run else None,
        created_by=by,
        expires_at=now() + timedelta(days=asked.expires_in_days),
    )
    session.add(token)
    await session.flush()
    what = {"id": token.id, "name": token.name, "scopes": token.scopes, "expires_at": token.expires_at.isoformat()}
    await audit.append(session, actor=by, action="token.created", run=asked.run, **what)
    return token, secret


async def _run(session: AsyncSession, name: str) -> Run:
    try:
        return await runs.find(session, name)
    except Problem as unknown:
        raise Problem(422, f"run: {unknown.detail}", kind=unknown.kind, field="run") from None


async def revoke(session: AsyncSession, token_id: int, *, by: str) -> Named:
    """Make a token worthless and give it; again changes nothing. Raises a 404 `Problem` for one that is none."""
    token, run = await repository.find(session, token_id)
    if token.revoked_at is None:
        token.revoked_at = now()
        await audit.append(session, actor=by, action="token.revoked", run=run, id=token.id, name=token.name)
    return token, run
