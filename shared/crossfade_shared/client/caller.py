"""How calls are made: repeated where another try may help, refused with an error of ours, lists page by page."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from crossfade_shared.client.refusals import PassingError, error_of, problem_in
from crossfade_shared.client.transport import Request, Transport

PAGE_ITEMS = 1000
_FIRST_PAUSE_SECONDS = 0.25


class Caller:
    """Makes calls over one connection; each raises a `UserError` for whatever goes wrong."""

    def __init__(self, transport: Transport, *, patience_seconds: float) -> None:
        self._transport = transport
        self._patience_seconds = patience_seconds

    def get(self, path: str, **query: str | int) -> Any:  # noqa: ANN401 - JSON
        """Give the decoded answer of a GET."""
        return self.call(Request(method="GET", path=path, query=query))

    def items(self, path: str, *, limit: int | None, **query: str | int) -> list[Any]:
        """Gather a paged list, or its first `limit` items."""
        items: list[Any] = []
        while limit is None or len(items) < limit:
            size = PAGE_ITEMS if limit is None else min(PAGE_ITEMS, limit - len(items))
            page = self.get(path, limit=size, **query)
            items += page["items"]
            if page["next_page"] is None:
                break
            query["page"] = page["next_page"]
        return items

    def make(
        self,
        method: str,
        path: str,
        body: object,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """Send a body under an idempotency key, so that a repeat makes nothing twice; give the decoded answer."""
        keyed = {"Idempotency-Key": key or os.urandom(16).hex(), **(headers or {})}
        return self.call(Request(method=method, path=path, body=body, headers=keyed))

    def call(self, request: Request) -> Any:  # noqa: ANN401 - JSON
        """Send a request, again and again while patience lasts and another try may help."""
        deadline = time.monotonic() + self._patience_seconds
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._try(request)
            except PassingError as error:
                wait_seconds = error.retry_after_seconds or pause_seconds
                if time.monotonic() + wait_seconds > deadline:
                    raise
            time.sleep(wait_seconds)
            pause_seconds *= 2

    def _try(self, request: Request) -> Any:  # noqa: ANN401 - JSON
        reply = self._transport.exchange(request)
        if reply.status >= 300:
            raise error_of(reply.status, problem_in(reply.content), retry_after_seconds=reply.retry_after_seconds)
        return reply.json()
