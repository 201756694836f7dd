"""What somebody with a token tried and may not do is kept in the audit; what nobody known tried is only counted.

So that nobody can fill the audit, the same attempt of the same token is kept once a minute.
"""

from __future__ import annotations

import logging
import time

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import DBAPIError

from crossfade_controller.audit import repository as audit
from crossfade_controller.auth.actor import Actor
from crossfade_controller.outages import OUTAGES
from crossfade_controller.problems import Forbidden, Problem, TokenRefused, unavailable
from crossfade_controller.runs.repository import is_run_name
from crossfade_controller.services import Services

KEPT_ONCE_IN_SECONDS = 60.0
_MOST_REMEMBERED = 10_000
_logger = logging.getLogger(__name__)


def register_refusals(app: FastAPI) -> None:
    """Keep refusals of those who are known in the audit; one that cannot be kept is answered with 503."""
    refusals = _Refusals()
    app.add_exception_handler(Forbidden, refusals.on_forbidden)
    app.add_exception_handler(TokenRefused, refusals.on_refused_token)


class _Refusals:
    def __init__(self) -> None:
        self._kept_until: dict[tuple[str, ...], float] = {}

    async def on_forbidden(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Forbidden)
        actor: Actor = request.state.actor
        return await self._answer(request, error, actor.name)

    async def on_refused_token(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, TokenRefused)
        return await self._answer(request, error, error.name)

    async def _answer(self, request: Request, refusal: Problem, actor: str) -> Response:
        # The path is told as the route has it, whatever was put into its places.
        method, path, why = request.method, request.scope["route"].path, refusal.kind or ""
        if time.monotonic() < self._kept_until.get((actor, method, path, why), 0.0):
            return refusal.response()
        services: Services = request.app.state.services
        run = request.path_params.get("run", "")
        run = run if is_run_name(run) else None
        try:
            async with services.database.write() as session:
                await audit.append(
                    session, actor=actor, action="access.refused", run=run, method=method, path=path, why=why
                )
        except (DBAPIError, *OUTAGES) as failure:
            _logger.error("a refusal could not be kept in the audit: %s", failure)  # noqa: TRY400 - the outage is told
            return unavailable(failure).response()
        if len(self._kept_until) >= _MOST_REMEMBERED:
            self._kept_until.clear()
        self._kept_until[actor, method, path, why] = time.monotonic() + KEPT_ONCE_IN_SECONDS
        return refusal.response()
