"""`Idempotency-Key`: whether a request is a repeat, and what it made the first time."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from crossfade_controller.database import insert_into
from crossfade_controller.idempotency.models import IdempotencyKey
from crossfade_controller.problems import Problem
from crossfade_controller.runs.repository import is_run_name

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """One request and the key by which a repeat of it is known; without a key nothing is a repeat."""

    run: str
    key: str | None
    request_digest: str

    async def made(self, session: AsyncSession) -> dict[str, Any] | None:
        """Give what the first request with this key made, or None if this is it.

        Then the key is taken within the session's transaction, and concurrent repeats wait for its end: ask before
        anything is locked. Raises a 422 `Problem` where the key came with another request.
        """
        if self.key is None:
            return None
        row = {"run": self.run, "key": self.key}
        insert = insert_into(session, IdempotencyKey).values(**row, request_digest=self.request_digest, made={})
        taken = await session.execute(insert.on_conflict_do_nothing().returning(IdempotencyKey.key))
        if taken.first():
            return None
        earlier = await session.get_one(IdempotencyKey, row)
        if earlier.request_digest != self.request_digest:
            raise Problem(
                422,
                "this Idempotency-Key came with another request before; take a new key",
                kind="idempotency-key-reused",
                field="Idempotency-Key",
            )
        return earlier.made

    async def keep(self, session: AsyncSession, **made: Any) -> None:  # noqa: ANN401 - JSON
        """Note what this request made, for its repeats."""
        if self.key is not None:
            this = (IdempotencyKey.run == self.run, IdempotencyKey.key == self.key)
            await session.execute(update(IdempotencyKey).where(*this).values(made=made))


async def _repeat(
    request: Request,
    key: Annotated[
        str | None,
        Header(alias="Idempotency-Key", description="a name for this request; a repeat under it does nothing twice"),
    ] = None,
) -> Repeat:
    if key is not None and not _KEY.fullmatch(key):
        raise Problem(
            422, "Idempotency-Key must be 1 to 255 visible ASCII characters without spaces", field="Idempotency-Key"
        )
    run = request.path_params.get("run", "")
    run = run if is_run_name(run) else ""
    return Repeat(run=run, key=key, request_digest=await _digest(request) if key else "")


async def _digest(request: Request) -> str:
    """Give the SHA-256 of what is asked: path, query and body, however the body is spelt."""
    body: Any = await request.json() if await request.body() else None
    target = request.url.path + "?" * bool(request.url.query) + request.url.query
    canonical = json.dumps([request.method, target, body], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


RepeatOfRequest = Annotated[Repeat, Depends(_repeat)]
NO_REPEAT = Repeat(run="", key=None, request_digest="")
"""For what no request asked for."""
