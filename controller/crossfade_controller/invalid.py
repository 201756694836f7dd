"""What pydantic found wrong, as the controller tells it: the field at fault, what was given, what would be right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from crossfade_shared.errors import UserError

_SHOWN_CHARACTERS = 80
_OBJECTS = {"dict_type", "model_type", "model_attributes_type"}


def field_of(error: Any, location: Sequence[str | int]) -> str:  # noqa: ANN401 - pydantic's own
    """Give `results.0.value` for ("results", 0, "value"), and `body` for the whole of it.

    A check of a whole object, which says itself which of its fields is at fault, is believed.
    """
    path = [str(part) for part in location]
    cause = _cause_of(error)
    if cause and cause.field:
        is_known = path and cause.field.partition(".")[0] == path[-1]
        path = [*(path[:-1] if is_known else path), cause.field]
    return ".".join(path) or "body"


def detail_of(error: Any, field: str) -> str:  # noqa: ANN401 - pydantic's own
    """Say what is wrong with a field."""
    if cause := _cause_of(error):
        return str(cause)
    given = json.dumps(error.get("input"), default=str)[:_SHOWN_CHARACTERS]
    match error["type"]:
        case "extra_forbidden":
            return f"{field}: there is no such field"
        case "missing":
            return f"{field} is missing"
        case kind if kind in _OBJECTS:
            return f"{field} must be an object of JSON; got {given}"
        case "list_type":
            return f"{field} must be an array of JSON; got {given}"
    return f"{field}: {error['msg']}; got {given}"


def in_one_line(error: ValueError) -> str:
    """Say what is wrong for a log: its first fault alone, and no character that would begin another line of it."""
    told = str(error)
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        field = field_of(first, first["loc"])
        told = detail_of(first, field)
    return repr(told)[1:-1]


def _cause_of(error: Any) -> UserError | None:  # noqa: ANN401 - pydantic's own
    cause = error.get("ctx", {}).get("error")
    return cause if isinstance(cause, UserError) else None
