"""The short way for the question that is asked most: has the mixture changed since I looked?"""

from __future__ import annotations

import re

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Receive, Scope, Send

from crossfade_controller.auth.access import Access
from crossfade_controller.mixtures.current import read_current
from crossfade_controller.monitoring import instruments
from crossfade_controller.problems import Problem
from crossfade_controller.services import Services

_PATH = re.compile(r"/v1/runs/([^/]+)/mixture")
_counted = instruments.requests.labels("GET", "/v1/runs/{run}/mixture", "304")
_ACCESS = Access(("viewer",))


class UnchangedMixtures:
    """Answers 304 to who reads a mixture with a token and an If-None-Match that names the current version.

    Everything else, refusals included, goes to the application, which would answer these reads in the same way.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        is_plain = scope["type"] == "http" and scope["method"] == "GET" and not scope["query_string"]
        if is_plain and (match := _PATH.fullmatch(scope["path"])):
            headers = dict(scope["headers"])
            authorization, known = headers.get(b"authorization"), headers.get(b"if-none-match")
            if authorization and known:
                etag = await self._unchanged(match[1], authorization.decode("latin-1"), known.decode("latin-1"))
                if etag:
                    _counted.inc()
                    guarded = [(b"etag", etag.encode()), (b"cache-control", b"private, no-cache")]
                    await send({"type": "http.response.start", "status": 304, "headers": guarded})
                    return await send({"type": "http.response.body", "body": b""})
        return await self._app(scope, receive, send)

    async def _unchanged(self, run: str, authorization: str, if_none_match: str) -> str | None:
        """Give the ETag of the current mixture if whoever asks may know it and does."""
        services: Services = self._app.state.services
        try:
            _ACCESS.check(await services.gate.identify(authorization), run)
            current = await read_current(services, run)
        except (Problem, SQLAlchemyError):
            return None
        is_known = not current.is_stale and current.answer.is_known_to(if_none_match)
        return current.answer.etag if is_known else None
