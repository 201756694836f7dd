"""The request headers that make a change safe to send: on which version it is based, and whether it is a repeat."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request

from crossfade_controller.problems import Problem

_VERSION = re.compile(r'"([1-9][0-9]{0,15})"')
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_EXPLANATION = 'the version the change is based on, in double quotes (If-Match: "3"), as ETag gives it'

IfMatchHeader = Annotated[str | None, Header(alias="If-Match", description=_EXPLANATION)]


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """On which version a change is based (None: on whatever is current), and how a repeat of it is known."""

    based_on: int | None = None
    idempotency_key: str | None = None
    request_digest: str | None = None
    """SHA-256 of the request."""


def _exact_version(if_match: IfMatchHeader = None) -> int:
    if if_match is None:
        raise Problem(428, f"If-Match is missing; give {_EXPLANATION}", kind="if-match-missing", field="If-Match")
    match = _VERSION.fullmatch(if_match.strip())
    if not match:
        raise Problem(422, f"If-Match is {if_match!r:.80}; give {_EXPLANATION}", field="If-Match")
    return int(match[1])


def _any_version(if_match: IfMatchHeader = None) -> int | None:
    return None if if_match is not None and if_match.strip() == "*" else _exact_version(if_match)


def _idempotency_key(
    key: Annotated[
        str | None,
        Header(alias="Idempotency-Key", description="a name for this request; repeating it makes no second version"),
    ] = None,
) -> str | None:
    if key is not None and not _KEY.fullmatch(key):
        raise Problem(
            422, "Idempotency-Key must be 1 to 255 visible ASCII characters without spaces", field="Idempotency-Key"
        )
    return key


async def _request_digest(request: Request) -> str:
    """Give the SHA-256 of what is asked: path and body, however the body is spelt."""
    body: Any = await request.json() if await request.body() else None
    canonical = json.dumps([request.method, request.url.path, body], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


IdempotencyKey = Annotated[str | None, Depends(_idempotency_key)]
RequestDigest = Annotated[str, Depends(_request_digest)]


async def _on_exact(
    version: Annotated[int, Depends(_exact_version)], key: IdempotencyKey, digest: RequestDigest
) -> Conditions:
    return Conditions(based_on=version, idempotency_key=key, request_digest=digest)


async def _on_any(
    version: Annotated[int | None, Depends(_any_version)], key: IdempotencyKey, digest: RequestDigest
) -> Conditions:
    return Conditions(based_on=version, idempotency_key=key, request_digest=digest)


OnExactVersion = Annotated[Conditions, Depends(_on_exact)]
"""If-Match must name a version: 428 without it, 422 for what is none."""

OnAnyVersion = Annotated[Conditions, Depends(_on_any)]
"""Like `OnExactVersion`, or `If-Match: *` for whatever is current."""
