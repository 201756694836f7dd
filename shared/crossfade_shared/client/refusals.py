"""What went wrong, from the problem documents (RFC 9457) of the controller to our errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crossfade_shared.errors import ConflictError, RefusedError, UnauthorisedError, UnreachableError, UserError

GUARDRAIL_TYPE = "urn:crossfade:problem:guardrail"
_PASSING = {429, 502, 503, 504}


class PassingError(UnreachableError):
    """What another try may better, after as long as the controller asks for."""

    retry_after_seconds: float | None = None


def error_of(status: int, problem: Mapping[str, Any], *, retry_after_seconds: float | None = None) -> UserError:
    """Give the error for a refused request: who has to mend what is told by its class."""
    message = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
    kind = _class_of(status, problem)
    if issubclass(kind, UnreachableError):
        message = f"the controller answered {status}: {message}"
    error = kind(message, field=problem.get("field"), problem=problem)
    if isinstance(error, PassingError):
        error.retry_after_seconds = retry_after_seconds
    return error


def problem_in(content: bytes) -> dict[str, Any]:
    """Give the problem document in an answer; an empty one where something else than the controller answered."""
    try:
        problem = json.loads(content)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _class_of(status: int, problem: Mapping[str, Any]) -> type[UserError]:
    if problem.get("type") == GUARDRAIL_TYPE:
        return RefusedError
    if status in _PASSING:
        return PassingError
    match status:
        case 401 | 403:
            return UnauthorisedError
        case 409 | 412:
            return ConflictError
    return UnreachableError if status >= 500 else UserError
