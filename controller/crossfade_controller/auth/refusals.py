"""What somebody with a token tried and may not do is kept in the audit."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import DBAPIError

from crossfade_controller.audit import repository as audit
from crossfade_controller.auth.actor import Actor
from crossfade_controller.outages import OUTAGES
from crossfade_controller.problems import Forbidden, unavailable
from crossfade_controller.runs.repository import is_run_name
from crossfade_controller.services import Services

_logger = logging.getLogger(__name__)


def register_refusals(app: FastAPI) -> None:
    """Keep every 403 of this application in the audit; one that cannot be kept is answered with 503."""
    app.add_exception_handler(Forbidden, _on_forbidden)


async def _on_forbidden(request: Request, error: Exception) -> Response:
    assert isinstance(error, Forbidden)
    services: Services = request.app.state.services
    actor: Actor = request.state.actor
    run = request.path_params.get("run", "")
    # The path is told as the route has it, whatever was put into its places.
    tried = {"method": request.method, "path": request.scope["route"].path, "why": error.kind}
    try:
        async with services.database.write() as session:
            await audit.append(
                session, actor=actor.name, action="access.refused", run=run if is_run_name(run) else None, **tried
            )
    except (DBAPIError, *OUTAGES) as failure:
        _logger.error("a refusal could not be kept in the audit: %s", failure)  # noqa: TRY400 - the outage is told
        return unavailable(failure).response()
    return error.response()
