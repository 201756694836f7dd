"""The gate: who holds the token that a request brings."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from datetime import datetime

from crossfade_controller.auth import repository
from crossfade_controller.auth.actor import ANONYMOUS, Actor
from crossfade_controller.auth.secrets import digest_of
from crossfade_controller.database import Database, now
from crossfade_controller.outages import OUTAGES
from crossfade_controller.problems import Problem, TokenRefused
from crossfade_controller.together import Together

REMEMBERED_SECONDS = 1.0
_MOST_REMEMBERED = 10_000
_HOW = "send one as Authorization: Bearer cf_…; an admin makes one with `crossfade token create`"


@dataclass(frozen=True)
class _Known:
    actor: Actor
    expires_at: datetime
    fresh_until: float


class Gate:
    """Tells who asks. A revoked token is refused at once here, and within a second at another controller."""

    def __init__(
        self, database: Database, *, admin_token: str | None, anonymous_viewer: bool, patience_seconds: float
    ) -> None:
        """Wait for the database for `patience_seconds` where a token was known before."""
        self._database = database
        self._patience_seconds = patience_seconds
        self._admin_digest = digest_of(admin_token) if admin_token else None
        self._anonymous_viewer = anonymous_viewer
        self._known: dict[bytes, _Known] = {}
        self._num_forgotten = 0
        self._together: Together[_Known] = Together()

    async def identify(self, authorization: str | None) -> Actor:
        """Give the actor of an Authorization header; raises a 401 `Problem`."""
        if authorization is None:
            if self._anonymous_viewer:
                return ANONYMOUS
            raise unauthorized(f"there is no token; {_HOW}")
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise unauthorized(f"Authorization is no bearer token; {_HOW}")
        digest = digest_of(secret.strip())
        if self._admin_digest and hmac.compare_digest(digest, self._admin_digest):
            return Actor(name="admin", scopes=frozenset({"admin"}))
        return await self._look_up(digest)

    def forget(self) -> None:
        """Look at every token anew; call it after a token was revoked."""
        self._num_forgotten += 1  # what is being read now may be older than the revocation
        self._known.clear()

    async def _look_up(self, digest: bytes) -> Actor:
        known = self._known.get(digest)
        if known is None or time.monotonic() >= known.fresh_until:
            try:
                known = await self._together.ask(
                    (digest, self._num_forgotten),
                    lambda: self._read(digest),
                    patience_seconds=self._patience_seconds if known else None,
                )
            except (*OUTAGES, OSError):  # a TimeoutError is an OSError
                if known is None:  # else it is believed: nothing can be changed until the database is back
                    raise
        if known.expires_at <= now():
            detail = f"this token expired at {known.expires_at:%Y-%m-%d %H:%M} UTC; {_HOW}"
            raise TokenRefused(detail, kind="token-expired", name=known.actor.name)
        return known.actor

    async def _read(self, digest: bytes) -> _Known:
        num_forgotten = self._num_forgotten
        async with self._database.read() as session:
            found = await repository.by_digest(session, digest)
        if found is None or found[0].revoked_at:
            self._known.pop(digest, None)
            if found is None:
                raise unauthorized(f"this token is not known here; {_HOW}")
            raise TokenRefused(f"this token was revoked; {_HOW}", kind="token-revoked", name=found[0].name)
        token, run = found
        actor = Actor(name=token.name, scopes=frozenset(token.scopes), run=run)
        known = _Known(actor, token.expires_at, time.monotonic() + REMEMBERED_SECONDS)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        if num_forgotten == self._num_forgotten:
            self._known[digest] = known
        return known


def unauthorized(detail: str) -> Problem:
    """Make the refusal of a request whose sender is not known."""
    return Problem(401, detail, field="Authorization", headers={"WWW-Authenticate": "Bearer"})
