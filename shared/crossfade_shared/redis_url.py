"""What the URL of a Redis must look like; checked where it is given, so that nothing waits for what is no server."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import redis

from crossfade_shared.errors import UserError

_ACCEPTED = "write it like redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/redis.sock"


def check_redis_url(url: str, *, field: str) -> str:
    """Give the URL back; raises `UserError` naming the field where redis-py could not connect by it.

    Nothing is connected: a server that is away is no mistake.
    """
    try:
        redis.ConnectionPool.from_url(url).make_connection()
    except (ValueError, TypeError) as error:
        raise _refusal(url, field, str(error)) from None
    parts = urlsplit(url)
    if parts.scheme == "unix":
        if parts.hostname or not parts.path.strip("/"):
            raise _refusal(url, field, "a socket is named by its whole path, after three slashes")
    elif not parts.hostname:
        raise _refusal(url, field, "it names no host")
    elif not re.fullmatch(r"/?\d*", parts.path):
        raise _refusal(url, field, f"the database is a whole number, not {parts.path[1:]!r}")
    return url


def _refusal(url: str, field: str, why: str) -> UserError:
    shown = re.sub(r"//.*@", "//***@", url)  # a password belongs on no screen and in no log
    return UserError(f"{field}: {shown!r} is no URL of a Redis ({why}); {_ACCEPTED}", field=field)
