"""Errors as `application/problem+json` (RFC 9457): each says which field is at fault and what would be right."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from crossfade_controller.invalid import detail_of, field_of
from crossfade_controller.outages import OUTAGES, UnknownOutcomeError
from crossfade_shared.errors import UserError

_logger = logging.getLogger(__name__)
_RETRY_AFTER_SECONDS = 2


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A refusal: a status, what is wrong and what would be right, the field at fault, and further members."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str | None = None,
        field: str | None = None,
        headers: dict[str, str] | None = None,
        **members: Any,  # noqa: ANN401 - JSON
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.field = field
        self.headers = headers
        self.members = members

    @property
    def document(self) -> dict[str, Any]:
        """The problem document as plain JSON values."""
        title = HTTPStatus(self.status).phrase
        kind = self.kind or title.lower().replace(" ", "-")
        return {
            "type": f"urn:crossfade:problem:{kind}",
            "title": title,
            "status": self.status,
            "detail": self.detail,
            "field": self.field,
            **self.members,
        }

    def response(self) -> JSONResponse:
        """Give the answer that carries the document."""
        return JSONResponse(
            self.document,
            status_code=self.status,
            headers=self.headers,
            media_type="application/problem+json",
        )


class Forbidden(Problem):
    """Somebody known may not do this: 403, which is kept in the audit."""

    def __init__(self, detail: str, *, kind: str, field: str = "Authorization", **members: Any) -> None:  # noqa: ANN401 - JSON
        super().__init__(403, detail, kind=kind, field=field, **members)


class TokenRefused(Problem):
    """A token that once worked does not any more: 401, which is kept in the audit under the token's name."""

    def __init__(self, detail: str, *, kind: str, name: str) -> None:
        super().__init__(401, detail, kind=kind, field="Authorization", headers={"WWW-Authenticate": "Bearer"})
        self.name = name


def unavailable(outage: Exception) -> Problem:
    """Make the refusal of a request while the database does not answer."""
    retry = {"Retry-After": str(_RETRY_AFTER_SECONDS)}
    if isinstance(outage, UnknownOutcomeError):
        return Problem(
            503,
            "the database went away in the middle of the commit: whether this was stored is not known; repeat it with "
            f"the same Idempotency-Key in {_RETRY_AFTER_SECONDS} seconds, or look first",
            kind="outcome-unknown",
            headers=retry,
        )
    return Problem(
        503,
        f"the database does not answer; nothing was stored, try again in {_RETRY_AFTER_SECONDS} seconds",
        headers=retry,
    )


def register_problems(app: FastAPI) -> None:
    """Answer every error of this application with a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(UserError, _on_user_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RecursionError, _on_deep_body)
    for outage in OUTAGES:
        app.add_exception_handler(outage, _on_outage)


async def _on_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return error.response()


async def _on_user_error(_request: Request, error: Exception) -> JSONResponse:
    field = error.field if isinstance(error, UserError) else None
    return Problem(422, str(error), field=field).response()


async def _on_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # The first part of a place is where it is: in the body, the path, the query or a header.
    fields = [(field_of(each, each["loc"][1:]), each) for each in error.errors()]
    errors = [{"field": field, "detail": detail_of(each, field)} for field, each in fields]
    return Problem(422, errors[0]["detail"], field=errors[0]["field"], errors=errors).response()


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    return Problem(error.status_code, _explanation(request, error), headers=headers).response()


async def _on_deep_body(_request: Request, _error: Exception) -> JSONResponse:
    """Refuse a body that could just be read and is too deep to be looked at; all other recursion here is bounded."""
    return Problem(
        400, "the body is nested too deeply; nothing that is asked for here has more than a few levels"
    ).response()


async def _on_outage(_request: Request, error: Exception) -> JSONResponse:
    _logger.error("the database failed: %s", error)
    return unavailable(error).response()


def _explanation(request: Request, error: HTTPException) -> str:
    match error.status_code:
        case 404:
            return f"there is nothing at {request.url.path!r:.200}; /openapi.json tells what there is"
        case 405:
            return f"{request.method:.20} is not understood at {request.url.path!r:.200}; /openapi.json tells what is"
    return str(error.detail)
