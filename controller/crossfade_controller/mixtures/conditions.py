"""`If-Match`: on which version a change is based; and `?validate_only=true`, which makes it optional."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header, Query

from crossfade_controller.problems import Problem

_VERSION = re.compile(r'"([1-9][0-9]{0,15})"')
_EXPLANATION = 'the version the change is based on, in double quotes (If-Match: "3"), as ETag gives it'

IfMatchHeader = Annotated[str | None, Header(alias="If-Match", description=_EXPLANATION)]


ValidateOnly = Annotated[bool, Query(description="only say what would happen: nothing is written")]


async def _exact_version(if_match: IfMatchHeader = None, validate_only: ValidateOnly = False) -> int | None:
    if if_match is None and validate_only:
        return None
    if if_match is None:
        raise Problem(428, f"If-Match is missing; give {_EXPLANATION}", kind="if-match-missing", field="If-Match")
    match = _VERSION.fullmatch(if_match.strip())
    if not match:
        raise Problem(422, f"If-Match is {if_match!r:.80}; give {_EXPLANATION}", field="If-Match")
    return int(match[1])


async def _any_version(if_match: IfMatchHeader = None, validate_only: ValidateOnly = False) -> int | None:
    is_any = if_match is not None and if_match.strip() == "*"
    return None if is_any else await _exact_version(if_match, validate_only)


ExactVersion = Annotated[int | None, Depends(_exact_version)]
"""If-Match must name a version: 428 without it, 422 for what is none. None: whatever is current, to validate only."""

AnyVersion = Annotated[int | None, Depends(_any_version)]
"""Like `ExactVersion`, or `If-Match: *` (None) for whatever is current."""
